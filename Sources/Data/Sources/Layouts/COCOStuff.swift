/// COCO-Stuff: COCO's pictures with a class for every pixel, things and stuff.
///
/// Pictures in `SPLIT` or `images/SPLIT`, masks in `stuffthingmaps/SPLIT` or `annotations/SPLIT`.
/// Mask values are COCO's ids less one; the 171 that occur become classes 0 … 170, 255 is unknown.
public enum COCOStuff: PairedLayout {
  public static let format = "coco-stuff"
  public static let summary =
    "COCO-Stuff: [images/]SPLIT/*.jpg, stuffthingmaps/SPLIT/*.png (or annotations/SPLIT/*.png)"

  private static let maskFolders = ["stuffthingmaps", "stuffthingmaps_trainval2017", "annotations"]

  public static func recognises(_ files: any FileTree) -> Recognition {
    guard let folder = maskFolder(in: files) else { return .no }
    guard folder == "annotations" else { return .certain }
    // Others have a folder of this name too: COCO's own splits tell.
    let splits = (try? folders(in: folder, of: files)) ?? []
    return splits.contains { $0.hasSuffix("2017") } ? .certain : .no
  }

  public static func splits(in files: any FileTree) throws -> [String] {
    guard let folder = maskFolder(in: files) else {
      throw DataError(
        file: files.root, problem: "has no folder of masks",
        advice: "It expects \(summary)")
    }
    return try folders(in: folder, of: files).filter {
      files.isFolder($0) || files.isFolder("images/\($0)")
    }
  }

  public static func folders(
    of split: String, in files: any FileTree
  ) -> (images: String, masks: String) {
    let images = files.isFolder("images/\(split)") ? "images/\(split)" : split
    return (images, "\(maskFolder(in: files) ?? maskFolders[0])/\(split)")
  }

  public static func mask(of image: String) -> String? { png(of: image) }

  public static func classes(in files: any FileTree) throws -> PairedClasses {
    let absent = Set(absentValues)
    let values = (0..<UInt8(things.count + absent.count + stuff.count)).filter {
      !absent.contains($0)
    }
    return PairedClasses(
      names: things + stuff, values: LabelTable(values: values, ignored: []), file: nil)
  }

  private static func maskFolder(in files: any FileTree) -> String? {
    maskFolders.first { folder in
      guard let splits = try? folders(in: folder, of: files) else { return false }
      return splits.contains { files.isFolder($0) || files.isFolder("images/\($0)") }
    }
  }

  /// Ids of COCO's first list that its pictures were never labelled with, less one.
  private static let absentValues: [UInt8] = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]

  private static let things = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant,
    stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe,
    backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite,
    baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork,
    knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake,
    chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
    cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
    hair drier, toothbrush
    """.split(separator: ",").map { $0.trimmed }

  private static let stuff = """
    banner, blanket, branch, bridge, building-other, bush, cabinet, cage, cardboard, carpet,
    ceiling-other, ceiling-tile, cloth, clothes, clouds, counter, cupboard, curtain, desk-stuff, dirt,
    door-stuff, fence, floor-marble, floor-other, floor-stone, floor-tile, floor-wood, flower, fog,
    food-other, fruit, furniture-other, grass, gravel, ground-other, hill, house, leaves, light, mat,
    metal, mirror-stuff, moss, mountain, mud, napkin, net, paper, pavement, pillow, plant-other,
    plastic, platform, playingfield, railing, railroad, river, road, rock, roof, rug, salad, sand, sea,
    shelf, sky-other, skyscraper, snow, solid-other, stairs, stone, straw, structural-other, table,
    tent, textile-other, towel, tree, vegetable, wall-brick, wall-concrete, wall-other, wall-panel,
    wall-stone, wall-tile, wall-wood, water-other, waterdrops, window-blind, window-other, wood
    """.split(separator: ",").map { $0.trimmed }
}
