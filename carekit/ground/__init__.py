"""What the rest stands on and what knows neither image nor network: names, registries, folders, processes. No torch."""
