//! `cg-auth demo`.

use crate::harness::{cg_auth, stderr, stdout};

#[test]
fn the_demo_runs_every_step_over_both_transports() {
    // The demo ignores the settings of a real service.
    let output = cg_auth()
        .arg("demo")
        .env("CG_AUTH_BASE_URL", "https://192.0.2.1")
        .env("CG_AUTH_CLIENT_SECRET", "not used")
        .env("HTTPS_PROXY", "http://192.0.2.1:1")
        .output()
        .unwrap();
    let shown = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}{}", stderr(&output));
    assert_eq!(stderr(&output), "");

    for transport in ["over reqwest", "over hyper"] {
        assert!(shown.lines().any(|line| line == transport), "{shown}");
    }
    for step in ["get a token", "refresh it", "let it expire", "get another", "clear the cache"] {
        assert_eq!(shown.matches(step).count(), 2, "{step} in {shown}");
    }
    assert_eq!(shown.matches("use it").count(), 4, "{shown}");
    assert_eq!(shown.matches('✓').count(), 14, "{shown}");
    assert_eq!(shown.matches("401").count(), 2, "{shown}");
    assert!(!shown.contains("eyJ"), "no token is printed");
    let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 120, "{widest} columns: {shown}");
}
