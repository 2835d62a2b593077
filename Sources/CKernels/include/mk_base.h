#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One function, three machine codes, chosen when the program is loaded.
#if defined(__x86_64__) && defined(__ELF__)
#define MK_VARIANTS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MK_VARIANTS
#endif

// Sets flush-to-zero and denormals-are-zero for the calling thread; threads it makes inherit both.
void mk_flush_denormals(void);

// What `top -H` calls the calling thread: at most 15 bytes and a zero; not read afterwards.
void mk_thread_name(const char *name);

// The calling thread's floating-point mode, to put back what mk_flush_denormals has changed; 0 where there is none.
uint32_t mk_floating_mode(void);
void mk_floating_mode_set(uint32_t mode);

// A pointer of the calling thread, NULL at first; `slot` is 0 ..< 4. The caller owns what it points to.
void *mk_thread_slot_get(int32_t slot);
void mk_thread_slot_set(int32_t slot, void *value);

// "x86-64-v4", "x86-64-v3" or "default": the variant MK_VARIANTS functions run as.
const char *mk_variant_name(void);

// 1, 2, 3 … over all threads: identifiers that are compared, never ordered.
uint64_t mk_next_identifier(void);

// The C library's version, "" where it does not tell.
const char *mk_libc_version(void);
