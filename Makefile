# placeholder, see make help
