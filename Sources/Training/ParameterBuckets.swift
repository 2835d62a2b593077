import Layers

/// Parameters cut into consecutive buckets whose gradients travel together, last parameter first:
/// the backward pass reaches the model's end first, so a bucket can leave while it goes on.
///
/// The cut depends on the parameters alone. The first bucket is small, to start early.
package struct ParameterBuckets: Sendable {
  package struct Slice: Sendable {
    /// Position in `parameters`.
    package let parameter: Int
    /// In floats from the bucket's beginning.
    package let offset: Int
  }

  package struct Bucket: Sendable {
    package let slices: [Slice]
    package let floats: Int
  }

  package let parameters: [Parameter]
  package let buckets: [Bucket]
  /// The bucket of each parameter and the place of its slice there.
  let place: [(bucket: Int, slice: Int)]

  package init(_ parameters: [Parameter], firstFloats: Int = 1 << 16, maxFloats: Int = 1 << 20) {
    precondition(
      Set(parameters).count == parameters.count, "ParameterBuckets: a parameter is named twice")
    self.parameters = parameters
    var buckets: [Bucket] = []
    var place = [(bucket: Int, slice: Int)](repeating: (0, 0), count: parameters.count)
    var slices: [Slice] = []
    var floats = 0
    func close() {
      if !slices.isEmpty { buckets.append(Bucket(slices: slices, floats: floats)) }
      slices = []
      floats = 0
    }
    for index in parameters.indices.reversed() {
      let size = (parameters[index].count + 15) & ~15
      let limit = buckets.isEmpty ? firstFloats : maxFloats
      if floats > 0, floats + size > limit { close() }
      place[index] = (buckets.count, slices.count)
      slices.append(Slice(parameter: index, offset: floats))
      floats += size
    }
    close()
    self.buckets = buckets
    self.place = place
  }
}
