#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cg_auth_properties::stored_entry::check(input));
