// MarkovChains: see the README for the map of modules.
