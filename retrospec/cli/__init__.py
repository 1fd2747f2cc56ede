"""The command line. `main` knows which commands there are; each group of them is a module, loaded when it is called."""
