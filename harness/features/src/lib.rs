//! The cucumber world, its steps and its runner.
