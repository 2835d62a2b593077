import Tensors

/// A second set of values for some parameters and states: an averaged teacher, a momentum encoder,
/// the best so far.
///
/// It is kept in the arena as state, under a prefix of its own, and begins equal to its source.
///
/// ```swift
/// let teacher = ParameterCopy(of: scope["student"], in: &scope["teacher"])
/// let target = try teacher.evaluate { try student(x, pass) }
/// …
/// teacher.average(momentum: 0.999)
/// ```
public struct ParameterCopy: Sendable {
  public let sources: [Parameter]
  public let copies: [State]
  /// Running statistics and the like, which follow their source in the same way.
  public let stateSources: [State]
  public let stateCopies: [State]

  /// Copies everything declared below `source` so far.
  public init(of source: Scope, in scope: inout Scope) {
    self.init(
      of: source.parameters, states: source.states, below: source.prefix, in: &scope)
  }

  /// - `prefix`: Left out of the copies' names.
  public init(
    of parameters: [Parameter], states: [State] = [], below prefix: String = "",
    in scope: inout Scope
  ) {
    func name(_ full: String) -> String {
      full.hasPrefix(prefix + ".") ? String(full.dropFirst(prefix.count + 1)) : full
    }
    sources = parameters
    copies = parameters.map { scope.state(name($0.name), copying: $0.index) }
    stateSources = states
    stateCopies = states.map { scope.state(name($0.name), copying: $0.index) }
  }

  /// Evaluates `body` with the copies in place of their sources; writes to `State` are off inside.
  ///
  /// `keepsOwnStates`: Running statistics that `body` writes are written to the copies instead.
  public func evaluate<R>(keepsOwnStates: Bool = false, _ body: () throws -> R) rethrows -> R {
    let indices = sources.map(\.index) + stateSources.map(\.index)
    let values = (copies + stateCopies).map(\.value)
    let own = keepsOwnStates ? zip(stateSources, stateCopies).map { ($0.index, $1.index) } : []
    return try withOverrides(
      Array(zip(indices, values)), redirected: Dictionary(uniqueKeysWithValues: own), body)
  }

  /// copy ← momentum · copy + (1 − momentum) · source, with the sources' values at this line; counters
  /// are copied.
  ///
  /// `includingStates`: Whether running statistics and the like follow, too.
  public func average(momentum: Float, includingStates: Bool = true) {
    withoutRecording {
      for (source, copy) in zip(sources, copies) {
        copy.write(copy.value * momentum + source.value.detached * (1 - momentum))
      }
      for (source, copy) in zip(stateSources, stateCopies) where includingStates {
        let isCounter = copy.arena.entries[copy.index].layout == .counter
        copy.write(
          isCounter ? source.value : copy.value * momentum + source.value * (1 - momentum))
      }
    }
  }

  /// copy ← source.
  public func reset() {
    for (source, copy) in zip(sources, copies) { copy.write(source.value.detached) }
    for (source, copy) in zip(stateSources, stateCopies) { copy.write(source.value) }
  }
}
