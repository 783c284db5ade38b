"""The floor that everything stands on: the task contract, the backbone, LoRA, the loop, runs and prediction."""
