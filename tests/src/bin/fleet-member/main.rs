//! `fleet-member`: one process of a fleet. `cg_auth_tests::fleet` documents it.

fn main() {
    cg_auth_tests::fleet::run();
}
