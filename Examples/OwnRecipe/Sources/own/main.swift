import Commands
import Recipes
import Training

// Everything `martlet` can do, with one recipe more. Coordinator and workers must be this program.
MartletCommand.main(catalog: Catalog(houseCatalog.recipes + [MixUp.self]))
