#pragma once
#include <xxhash.h>
#include <stddef.h>

// The library's own choice of vector instructions, where it was built with it.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
XXH128_hash_t XXH3_128bits_dispatch(const void *data, size_t count);

// The library leaves the upper halves of the vector registers in use. Code for SSE runs at half its
// speed as long as they are, on this thread and on all that it starts, which inherit them.
__attribute__((target("avx"))) static inline void martlet_clear_upper_halves(void) {
  __builtin_ia32_vzeroupper();
}

static inline XXH128_hash_t XXH3_128bits_fastest(const void *data, size_t count) {
  XXH128_hash_t hash = XXH3_128bits_dispatch(data, count);
  if (__builtin_cpu_supports("avx")) martlet_clear_upper_halves();
  return hash;
}
#else
static inline XXH128_hash_t XXH3_128bits_fastest(const void *data, size_t count) {
  return XXH3_128bits(data, count);
}
#endif
