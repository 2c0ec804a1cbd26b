/// A fixed number of trivial elements in 64-byte aligned memory: the workspace of every kernel.
///
/// The buffer owns its memory and frees it when the last reference goes. Kernels take `pointer` and
/// allocate nothing. A buffer is shared between threads without a lock, so each element must have
/// one writer at a time: packets own disjoint ranges.
public final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
  /// The number of elements.
  public let count: Int
  /// The first element, aligned to 64 bytes.
  public let pointer: UnsafeMutablePointer<Element>

  /// Allocates `count` elements, each `repeating`.
  ///
  /// - Precondition: `count` is not negative.
  @inlinable
  public init(count: Int, repeating value: Element) {
    precondition(count >= 0, "a buffer of \(count) elements")
    self.count = count
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: Swift.max(1, count * MemoryLayout<Element>.stride), alignment: 64)
    pointer = bytes.bindMemory(to: Element.self, capacity: count)
    pointer.initialize(repeating: value, count: count)
  }

  @inlinable
  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  /// The element at `index`.
  ///
  /// - Precondition: `index` is in `0..<count` (checked in debug builds only).
  @inlinable
  public subscript(index: Int) -> Element {
    @inline(__always) get {
      assert(index >= 0 && index < count, "element \(index) of \(count)")
      return pointer[index]
    }
    @inline(__always) set {
      assert(index >= 0 && index < count, "element \(index) of \(count)")
      pointer[index] = newValue
    }
  }

  /// All elements, in order.
  @inlinable public var elements: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }

  /// Sets every element to `value`.
  @inlinable public func fill(_ value: Element) { pointer.update(repeating: value, count: count) }
}
