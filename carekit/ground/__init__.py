"""The ground floor: messages, registries, folders, processes. It knows neither image nor network; no torch."""
