/// Words that say little about a text's subject: English function words, and what is left of their
/// contractions once apostrophes are blanks.
enum StopWords {
  static let english: Set<String> = Set(
    [pronouns, verbs, particles, contractions]
      .flatMap { $0.split(separator: " ").map { String($0) } })

  private static let pronouns = """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she \
    her hers herself it its itself they them their theirs themselves what which who whom this that \
    these those
    """

  private static let verbs = """
    am is are was were be been being have has had having do does did doing can will just should now
    """

  private static let particles = """
    a an the and but if or because as until while of at by for with about against between into \
    through during before after above below to from up down in out on off over under again further \
    then once here there when where why how all any both each few more most other some such no nor \
    not only own same so than too very
    """

  private static let contractions = """
    s t don d ll m o re ve y ain aren couldn didn doesn hadn hasn haven isn ma mightn mustn needn \
    shan shouldn wasn weren won wouldn
    """
}
