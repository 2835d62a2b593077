import Foundation
import TestSupport
import Testing
import Training

extension LiveTests {
  @Suite struct Hygiene {
    private func count(_ folder: String) throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: folder).count
    }

    /// Sockets and what wakes their threads; files and pipes of suites that run beside do not count.
    private func sockets() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/self/fd/\(name)")
        return target?.hasPrefix("socket:") == true
          || target?.hasPrefix("anon_inode:[event") == true
      }.count
    }

    /// Folders of exchange sockets: `martlet-` and six letters.
    private func socketFolders() throws -> Set<String> {
      Set(
        try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter {
          $0.hasPrefix("martlet-") && $0.count == 14
        })
    }

    @Test(.timeLimit(.minutes(2)))
    func `twenty clusters leave no thread, descriptor or folder behind`() throws {
      let folders = try socketFolders()
      let (threads, descriptors) = (try count("/proc/self/task"), try sockets())
      for _ in 0..<20 {
        try withCluster(workers: 1) { cluster in
          cluster.stop()
          #expect(!FileManager.default.fileExists(atPath: "\(cluster.folder)/scratch-0"))
        }
      }
      // Tests of other suites have threads and folders, too, and some processes of their own; a leak
      // of one a cluster stays.
      let made = try socketFolders().subtracting(folders)
      let end = Date().addingTimeInterval(20)
      func foldersLeft() throws -> Int { try socketFolders().intersection(made).count }
      func isClean() throws -> Bool {
        try count("/proc/self/task") < threads + 10 && sockets() < descriptors + 10
          && foldersLeft() < 10
      }
      while try !isClean(), Date() < end { Thread.sleep(forTimeInterval: 0.05) }
      #expect(try count("/proc/self/task") < threads + 10)
      #expect(try sockets() < descriptors + 10)
      #expect(try foldersLeft() < 10)
    }
  }
}
