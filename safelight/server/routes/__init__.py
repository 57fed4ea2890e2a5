"""The API, a module for each thing that can be asked for."""
