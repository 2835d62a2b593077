import Commands
import Recipes

MartletCommand.main(catalog: houseCatalog)
