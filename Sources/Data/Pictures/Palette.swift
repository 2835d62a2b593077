/// Colours of classes.
public enum Palette {
  /// PASCAL VOC's 256 colours: the bits of the index dealt to red, green, blue from the top.
  public static let voc: [RGB] = (0..<256).map { index in
    var channels: [UInt8] = [0, 0, 0]
    for bit in 0..<8 where index >> bit & 1 == 1 {
      channels[bit % 3] |= 0x80 >> UInt8(bit / 3)
    }
    return RGB(channels[0], channels[1], channels[2])
  }

  /// Lines of a chart, distinct for all kinds of colour vision (Okabe & Ito 2008).
  static let lines = [
    RGB(0, 114, 178), RGB(213, 94, 0), RGB(0, 158, 115), RGB(204, 121, 167), RGB(86, 180, 233),
    RGB(230, 159, 0),
  ]
}
