#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A lock with a condition to wait for: what `Synchronization.Mutex` lacks.
package final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    #if canImport(Glibc)
      // Not the time of day, which may be set back.
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    #endif
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  package func withLock<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Gives the lock up until `wakeAll`, then takes it again. Only inside `withLock`, in a loop.
  package func wait() { pthread_cond_wait(condition, mutex) }

  /// As `wait`, but for some time only.
  package func wait(seconds: Double) {
    var whole = seconds.rounded(.down)
    let rest = Int((seconds - whole) * 1e9)
    #if canImport(Glibc)
      var end = timespec()
      clock_gettime(CLOCK_MONOTONIC, &end)
      if end.tv_nsec + rest >= 1_000_000_000 { whole += 1 }
      end.tv_nsec = (end.tv_nsec + rest) % 1_000_000_000
      end.tv_sec += Int(whole)
      pthread_cond_timedwait(condition, mutex, &end)
    #else
      var span = timespec(tv_sec: Int(whole), tv_nsec: rest)
      pthread_cond_timedwait_relative_np(condition, mutex, &span)
    #endif
  }

  package func wakeAll() { pthread_cond_broadcast(condition) }
}
