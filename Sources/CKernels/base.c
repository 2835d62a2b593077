#if defined(__linux__)
#define _GNU_SOURCE
#include <pthread.h>
#endif

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void mk_flush_denormals(void) {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

uint32_t mk_floating_mode(void) {
#if defined(__x86_64__)
  return _mm_getcsr();
#else
  return 0;
#endif
}

void mk_floating_mode_set(uint32_t mode) {
#if defined(__x86_64__)
  _mm_setcsr(mode);
#endif
}

void mk_thread_name(const char *name) {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name);
#else
  (void)name;
#endif
}

static _Thread_local void *slots[4];

void *mk_thread_slot_get(int32_t slot) { return slots[slot]; }

void mk_thread_slot_set(int32_t slot, void *value) { slots[slot] = value; }

const char *mk_variant_name(void) {
#if defined(__x86_64__) && defined(__ELF__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
#endif
  return "default";
}

uint64_t mk_next_identifier(void) {
  static uint64_t counter = 0;
  return __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
}

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
const char *mk_libc_version(void) { return gnu_get_libc_version(); }
#else
const char *mk_libc_version(void) { return ""; }
#endif
