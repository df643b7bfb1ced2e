"""The parts: one flat parameter vector, layers, losses, optimizers, and the loop."""
