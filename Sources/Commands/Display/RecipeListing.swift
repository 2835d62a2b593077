import Training

/// `martlet recipes`.
package func recipeList(_ catalog: Catalog) -> String {
  var table = TextTable([("recipe", .left), ("", .left)])
  for recipe in catalog.recipes { table.add([recipe.name, recipe.summary]) }
  return table.text()
}

/// `martlet recipes show NAME`: every option with default, unit, range and the paper's symbol.
package func recipePage(_ recipe: RecipeEntry) -> String {
  var table = TextTable([
    ("option", .left), ("default", .left), ("unit", .left), ("values", .left), ("symbol", .left),
    ("", .left),
  ])
  for option in recipe.options {
    table.add([
      option.name, option.standard, option.unit ?? "", option.range ?? option.kind,
      option.symbol ?? "", option.meaning,
    ])
  }
  let defaults = recipe.defaults
  let optimizer = defaults.optimizer
  var jobKeys = TextTable([("job key", .left), ("default", .left)])
  jobKeys.add(["batch", "\(defaults.batch)"])
  jobKeys.add(["epochs", "\(defaults.epochs)"])
  jobKeys.add(["optimizer.name", optimizer.rule.rawValue])
  jobKeys.add(["optimizer.learningRate", "\(optimizer.learningRate)"])
  jobKeys.add(["optimizer.weightDecay", "\(optimizer.weightDecay)"])
  jobKeys.add(["schedule.name", "\(defaults.schedule.curve)"])
  let (key, value) = defaults.schedule.warmup.setting
  jobKeys.add(["schedule.\(key)", value])
  return [
    "\(recipe.name): \(recipe.summary)", recipe.options.isEmpty ? "" : table.text(), jobKeys.text(),
  ].filter { !$0.isEmpty }.joined(separator: "\n\n")
}
