import Glibc

/// How many files and connections this process may have open at once.
package enum DescriptorLimit {
  /// Raises the limit to the most that the system grants: each worker is a connection or two, and
  /// shells start programs with 1024.
  ///
  /// Returns: the limit now in force.
  @discardableResult package static func raise() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return Int(clamping: limit.rlim_cur)
  }
}
