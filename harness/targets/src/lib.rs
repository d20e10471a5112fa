//! One trait, three ways to stand up and reach a pipeline.
