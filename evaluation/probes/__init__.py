"""Changed records and what the model says of them: `words` and `numbers` change, `ask` asks."""
