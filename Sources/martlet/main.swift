import Commands
import Recipes
import Training

MartletCommand.main(catalog: Catalog([]))
