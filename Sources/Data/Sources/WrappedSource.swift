/// A split that is another one but for what it does itself: everything else is handed on.
public protocol WrappedSource: SampleSource {
  var base: any SampleSource { get }
}

extension WrappedSource {
  public var count: Int { base.count }
  public var classNames: [String] { base.classNames }
  public var labelNames: [String] { base.labelNames }
  public var split: String { base.split }
  public var splits: [String] { base.splits }
  public var blocks: SampleBlocks? { base.blocks }
  public func label(at index: Int) throws -> Int? { try base.label(at: index) }
  public func name(at index: Int) -> String { base.name(at: index) }
  public func manifest() throws -> DataManifest { try base.manifest() }
  public func expect(_ samples: [Int]) { base.expect(samples) }
}
