"""Every deraining method by name.  To add one, define a `Method` in a file of its own and list it here."""

from rainmer_lib.baselines import (
    brn,
    cyclegan_family,
    ddn,
    derain_cyclegan,
    did_mdn,
    dsc,
    gmm,
    layer_gan,
    paired_generator,
    prenet,
    prenet_family,
    rain_layer,
    rescan,
    sirr,
    spanet,
    syn2real,
)
from rainmer_lib.dcdgan.method import METHOD as DCDGAN
from rainmer_lib.rainmer.method import METHOD as RAINMER
from rainmer_lib.training.method import Method

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        DCDGAN,
        RAINMER,
        cyclegan_family.CYCLEGAN,
        cyclegan_family.CUT,
        cyclegan_family.DCLGAN,
        prenet.METHOD,
        rescan.METHOD,
        paired_generator.METHOD,
        rain_layer.METHOD,
        prenet_family.PRN,
        prenet_family.PRENET_R,
        prenet_family.PRN_R,
        brn.METHOD,
        ddn.METHOD,
        spanet.METHOD,
        did_mdn.METHOD,
        sirr.METHOD,
        syn2real.METHOD,
        derain_cyclegan.METHOD,
        layer_gan.METHOD,
        gmm.METHOD,
        dsc.METHOD,
    )
}


def method(name: str) -> Method:
    """Return the method of that name; ValueError lists the names that exist."""
    if name not in METHODS:
        raise ValueError(f"method {name!r}: choose one of {', '.join(METHODS)}")
    return METHODS[name]
