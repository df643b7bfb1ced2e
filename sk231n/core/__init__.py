"""The machine room: one flat parameter vector, layers, losses, optimizers, and the loop."""
