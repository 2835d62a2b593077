void mk_messages_placeholder(void) {}
