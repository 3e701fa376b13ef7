//! `cg-auth demo`, as a newcomer runs it.

use crate::harness::{cg_auth, stderr, stdout};

#[test]
fn the_demo_tells_the_whole_story_over_both_transports() {
    // Settings of a real service play no part.
    let output = cg_auth()
        .arg("demo")
        .env("CG_AUTH_BASE_URL", "https://192.0.2.1")
        .env("CG_AUTH_CLIENT_SECRET", "not used")
        .env("HTTPS_PROXY", "http://192.0.2.1:1")
        .output()
        .unwrap();
    let story = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{story}{}", stderr(&output));
    assert_eq!(stderr(&output), "");

    for transport in ["over reqwest", "over hyper"] {
        assert!(story.lines().any(|line| line == transport), "{story}");
    }
    for step in ["get a token", "refresh it", "let it expire", "get another", "clear the cache"] {
        assert_eq!(story.matches(step).count(), 2, "{step} in {story}");
    }
    assert_eq!(story.matches("use it").count(), 4, "{story}");
    assert_eq!(story.matches('✓').count(), 14, "{story}");
    assert_eq!(story.matches("401").count(), 2, "{story}");
    assert!(!story.contains("eyJ"), "no token is printed");
    let widest = story.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 120, "{widest} columns: {story}");
}
