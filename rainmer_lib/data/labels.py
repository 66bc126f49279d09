"""Test sets as figures and tables name them."""

TEST_SET_LABELS = {
    "held-out": "held-out photos", "rain100l": "Rain100L", "rain100h": "Rain100H", "rain12": "Rain12",
    "raincityscapes60": "RainCityscapes60", "rain800": "Test100", "did-data": "Test1200", "ddn-data": "Test1400",
    "spa-data": "Test1000", "real147": "Real147", "real147-kept": "Real147, kept", "mwd": "MWD",
}  # fmt: skip
