#pragma once
#include <xxhash.h>
#include <stddef.h>

// The library's own choice of vector instructions, where it was built with it.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
XXH128_hash_t XXH3_128bits_dispatch(const void *data, size_t count);
static inline XXH128_hash_t XXH3_128bits_fastest(const void *data, size_t count) {
  return XXH3_128bits_dispatch(data, count);
}
#else
static inline XXH128_hash_t XXH3_128bits_fastest(const void *data, size_t count) {
  return XXH3_128bits(data, count);
}
#endif
