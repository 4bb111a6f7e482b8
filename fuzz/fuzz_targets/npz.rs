#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    spinet_testing::readers::npz(bytes);
});
