#pragma once
#include <zmq.h>
#include <zmq_utils.h>
