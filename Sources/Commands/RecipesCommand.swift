import ArgumentParser
import Training

struct Recipes: HouseCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what can be trained.", subcommands: [RecipesShow.self])

  func run(in house: House) { Terminal.output.line(recipeList(house.catalog)) }
}

struct RecipesShow: HouseCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print every option of a recipe.")

  @Argument(help: "The recipe's name.") var name: String

  func run(in house: House) throws {
    Terminal.output.line(recipePage(try house.catalog.recipe(named: name)))
  }
}
