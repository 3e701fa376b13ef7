//! A tutorial, guides, explanations and the wire protocol. The other modules are the reference.
//!
//! These pages hold no code of their own, and every Rust example in them runs as a test.

#[doc = include_str!("../docs/tutorial.md")]
pub mod tutorial {}

/// One page for each task.
pub mod guides {
    #[doc = include_str!("../docs/guides/caching.md")]
    pub mod caching {}

    #[doc = include_str!("../docs/guides/errors.md")]
    pub mod errors {}

    #[doc = include_str!("../docs/guides/metrics.md")]
    pub mod metrics {}

    #[doc = include_str!("../docs/guides/refused_tokens.md")]
    pub mod refused_tokens {}

    #[doc = include_str!("../docs/guides/many_users.md")]
    pub mod many_users {}

    #[doc = include_str!("../docs/guides/rotating_secrets.md")]
    pub mod rotating_secrets {}

    #[doc = include_str!("../docs/guides/several_processes.md")]
    pub mod several_processes {}

    #[doc = include_str!("../docs/guides/testing.md")]
    pub mod testing {}

    #[doc = include_str!("../docs/guides/without_async.md")]
    pub mod without_async {}
}

/// The reasons behind the design.
pub mod explanation {
    #[doc = include_str!("../docs/explanation/clocks.md")]
    pub mod clocks {}

    #[doc = include_str!("../docs/explanation/background_renewal.md")]
    pub mod background_renewal {}

    #[doc = include_str!("../docs/explanation/single_flight.md")]
    pub mod single_flight {}

    #[doc = include_str!("../docs/explanation/recovery.md")]
    pub mod recovery {}
}

#[doc = include_str!("../docs/wire.md")]
pub mod wire {}
