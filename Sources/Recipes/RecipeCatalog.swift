import Training

/// Every recipe of the house, in the order `martlet recipes` prints them. Add yours here.
public let houseCatalog = Catalog([
  Segment.self, CLIP.self, TDM.self, DTC.self, CoNe.self, FakeNews.self, HeatedEmbedding.self,
])
