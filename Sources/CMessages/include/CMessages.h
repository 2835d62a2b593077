// Every generated message; see docs/adding-a-message.md for how they are made.
#pragma once
#include "bulk.pb-c.h"
#include "common.pb-c.h"
#include "envelope.pb-c.h"
#include "operator.pb-c.h"
#include "worker.pb-c.h"
