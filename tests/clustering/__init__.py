"""Rules, and how keys are explained."""
