import Tensors

/// Where a layer declares its parameters: a name's prefix and the arena behind it.
///
/// ```swift
/// encoder = ViT(…, in: &scope["visual"])   // "visual.blocks.0.attn.qkv.weight"
/// ```
public struct Scope {
  package let arena: Arena
  public let prefix: String

  public init(_ arena: Arena, prefix: String = "") {
    self.arena = arena
    self.prefix = prefix
  }

  /// The scope one name deeper. Writable so that it can be passed as `inout`.
  public subscript(_ name: String) -> Scope {
    get { Scope(arena, prefix: full(name)) }
    set {}
  }

  /// The scope of a numbered part: "blocks.0".
  public subscript(_ name: String, _ number: Int) -> Scope {
    get { self["\(name).\(number)"] }
    set {}
  }

  /// Declares a parameter.
  ///
  /// - `shape`: As the kernels want it; `layout` says how the ecosystem's files hold it.
  /// - `range`: Elements outside are put back to its nearer end after each update.
  public mutating func parameter(
    _ name: String, _ shape: [Int], _ initial: Initializer, layout: ParameterLayout = .plain,
    within range: ClosedRange<Float>? = nil
  ) -> Parameter {
    Parameter(
      arena: arena,
      index: arena.declare(
        Arena.Entry(
          name: full(name), kind: .parameter, shape: shape, layout: layout, initial: initial,
          range: range)))
  }

  /// Declares a tensor that steps write.
  public mutating func state(
    _ name: String, _ shape: [Int], _ initial: Initializer = .zeros,
    layout: ParameterLayout = .plain
  ) -> State {
    State(
      arena: arena,
      index: arena.declare(
        Arena.Entry(name: full(name), kind: .state, shape: shape, layout: layout, initial: initial))
    )
  }

  /// Declares a tensor that steps write and that begins with the value of another entry.
  mutating func state(_ name: String, copying source: Int) -> State {
    let original = arena.entries[source]
    return State(
      arena: arena,
      index: arena.declare(
        Arena.Entry(
          name: full(name), kind: .state, shape: original.shape, layout: original.layout,
          initial: .zeros, source: source)))
  }

  /// All states declared so far below this scope, in order of declaration.
  public var states: [State] { indices(.state).map { State(arena: arena, index: $0) } }

  /// All parameters declared so far below this scope, in order of declaration.
  public var parameters: [Parameter] {
    indices(.parameter).map { Parameter(arena: arena, index: $0) }
  }

  private func indices(_ kind: Arena.Entry.Kind) -> [Int] {
    arena.entries.indices.filter {
      arena.entries[$0].kind == kind
        && (prefix.isEmpty || arena.entries[$0].name.hasPrefix(prefix + "."))
    }
  }

  private func full(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix).\(name)" }
}
