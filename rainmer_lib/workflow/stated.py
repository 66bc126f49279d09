"""What the two papers claim, one entry a claim, and the recorded comparisons that decide it.

Nothing here is a result: `judged` reads those from the records.
"""

from dataclasses import dataclass

Pair = tuple[str, str]  # rows of a record: the better one, as claimed, and the worse one
SCORES = ("psnr", "ssim")
SHOWN = "shown, not measured: compare the pictures"


@dataclass(frozen=True)
class Stated:
    """One claim.

    `item`: label of its table or figure in the catalogue; empty for a claim of the text alone.  `record`: name of the results
    files whose comparisons of `pairs` by `measures` decide it.  `untested`: why none does, if none does.  `ours`: a question of
    this project, not of the paper.  `headline`: one of the few that the README shows.
    """

    paper: str
    where: str
    says: str
    item: str = ""
    record: str = ""
    pairs: tuple[Pair, ...] = ()
    measures: tuple[str, ...] = SCORES
    untested: str = ""
    ours: bool = False
    headline: bool = False

    @property
    def notebook(self) -> str:
        """Notebook that makes the record; empty if there is none."""
        return self.record.partition("-")[0]


def _dcdgan(where: str, says: str, **others) -> Stated:
    return Stated("DCD-GAN", where, says, **others)


def _rainmer(where: str, says: str, **others) -> Stated:
    return Stated("Rainmer", where, says, **others)


def _term(name: str, worse: str, **others) -> Stated:
    return _dcdgan("Sec. 4.3, Table 4", f"Without the {name} loss PSNR and SSIM are lower", item="Table 4",
                   record="ablation_losses", pairs=(("full", worse),), **others)  # fmt: skip


def _part(name: str, *worse: str, **others) -> Stated:
    return _rainmer("abstract", name, item="ablations", record="rainmer_ablations",
                    pairs=tuple(("full", row) for row in worse), **others)  # fmt: skip


def _ours_over(*worse: str) -> tuple[Pair, ...]:
    return tuple(("DCD-GAN", row) for row in worse)


SUPERVISED, SEMI_SUPERVISED = ("DDN", "DID-MDN", "RESCAN", "SPANet"), ("SIRR", "Syn2Real")
FULL_OVER_INPUT = (("full", "input"),)
OURS_OVER_INPUT = (("DCD-GAN", "input"),)
OURS_OVER_CYCLEGAN = (("DCD-GAN", "CycleGAN"),)
CGB = (("full", "without contrastive"),)

CLAIMS = (
    _dcdgan("Sec. 4.2, Table 1", "Of the unpaired methods, DCD-GAN has the best PSNR on every test set", item="Table 1",
            record="benchmarks", pairs=_ours_over("CycleGAN", "DerainCycleGAN"), measures=("psnr",), headline=True),
    _dcdgan("Sec. 4.2, Table 1", "It is competitive with several supervised methods; tested here: is it better than each?",
            item="Table 1", record="benchmarks", pairs=_ours_over(*SUPERVISED)),
    _dcdgan("Sec. 4.2, Table 1", "It is better than semi-supervised methods", item="Table 1", record="benchmarks",
            pairs=_ours_over(*SEMI_SUPERVISED)),
    _dcdgan("Sec. 4.2, Table 1", "Semi-supervised methods are behind supervised ones", item="Table 1", record="benchmarks",
            pairs=tuple((paired, mixed) for paired in SUPERVISED for mixed in SEMI_SUPERVISED)),
    _dcdgan("Sec. 4.2, Table 1", "It is better than prior-based methods", item="Table 1", record="benchmarks",
            pairs=_ours_over("DSC", "GMM"), ours=True),
    _dcdgan("Sec. 4.2, SPA-Data", "It has the best PSNR of all methods on the real rain of SPA-Data", item="Table 1",
            untested="the set is not at hand"),
    _dcdgan("Sec. 1, Fig. 1", "Existing unpaired methods do not restore derained photos of high quality", item="Fig. 1",
            untested=SHOWN),
    _dcdgan("Sec. 4.2, Fig. 4", "On synthetic rain, it removes streaks of every kind and keeps colours and structures",
            item="Fig. 4", untested=SHOWN),
    _dcdgan("Sec. 4.2, Fig. 5", "On SPA-Data, it recovers clearer images with faithful structures", item="Fig. 5",
            untested="the set is not at hand; RainCityscapes60 is shown, not measured"),
    _dcdgan("Sec. 4.2, Table 3", "On real photos it has the lowest NIQE and BRISQUE", item="Table 3", record="real_world",
            pairs=_ours_over("RESCAN", "SPANet", *SEMI_SUPERVISED, "CycleGAN"), measures=("niqe", "brisque"), headline=True),
    _dcdgan("Sec. 4.2, Fig. 6", "On real photos it leaves the least rain", item="Fig. 6", untested=SHOWN),
    _dcdgan("Sec. 3.2, Fig. 3", "With contrastive guidance, features of derained and of clean images are pulled together",
            item="Fig. 3", record="feature_space", pairs=CGB, measures=("remaining", "auc_derained")),
    _dcdgan("Sec. 3.2, Fig. 3", "With contrastive guidance, features of rainy and of clean images become well distinguished",
            item="Fig. 3", record="feature_space", pairs=CGB, measures=("auc_rainy", "silhouette")),
    _term("contrastive", "without contrastive", headline=True),
    _term("colour cycle", "without colour"),
    _term("adversarial", "without adversarial"),
    _term("frequency", "without frequency"),
    _dcdgan("Sec. 4.3, Table 4", "The colour cycle loss is better than the usual cycle loss", item="Table 4",
            record="ablation_losses", pairs=(("full", "plain cycle instead of colour"),)),
    _dcdgan("Sec. 4.3, Table 5", "PSNR is highest with both kinds of negatives, lowest with external ones", item="Table 5",
            record="ablation_negatives", pairs=(("both", "internal"), ("internal", "external")), measures=("psnr",),
            headline=True),
    _dcdgan("Sec. 4.3, Table 5", "SSIM is highest with internal negatives, lowest with external ones", item="Table 5",
            record="ablation_negatives", pairs=(("internal", "both"), ("both", "external")), measures=("ssim",)),
    _dcdgan("Sec. 4.3, Fig. 7", "With one kind of negatives the output is blurred", item="Fig. 7", untested=SHOWN),
    _dcdgan("Sec. 4.3, Table 6", "Without the backward cycle the results are substantially worse", item="Table 6",
            record="ablation_backward_cycle", pairs=(("full", "without backward cycle"),), headline=True),
    _dcdgan("Sec. 4.3, Fig. 8", "With the backward cycle more clean-cue features are produced", item="Fig. 8",
            record="ablation_backward_cycle-features", pairs=(("full", "without backward cycle"),),
            measures=("cues_derained", "cues_gained")),
    _dcdgan("Sec. 4.4, Fig. 9", "On other test sets, supervised networks lose more of their gain than DCD-GAN", item="Fig. 9",
            record="cross_domain", pairs=tuple(("DCD-GAN", name) for name in SUPERVISED), measures=("gain kept",)),
    _dcdgan("Sec. 4.4, Fig. 9", "Adapted to a new rain without pairs, it becomes better there", item="Fig. 9",
            record="cross_domain", pairs=(("DCD-GAN adapted", "DCD-GAN"),), measures=("psnr",)),
    _dcdgan("Sec. 4.5, Fig. 11", "CycleGAN removes the rain less well", item="Fig. 11", record="closely_related",
            pairs=OURS_OVER_CYCLEGAN),
    _dcdgan("Sec. 4.5, Fig. 11", "DCLGAN leaves more rain", item="Fig. 11", record="closely_related",
            pairs=(("DCD-GAN", "DCLGAN"),)),
    _dcdgan("Sec. 4.5", "Real rain, mixed into the training, helps", item="Fig. 11", record="closely_related",
            pairs=(("DCD-GAN, mixed rain", "DCD-GAN"),)),
    _dcdgan("Sec. 4.6, Fig. 10", "Deraining by DCD-GAN lowers the confidence that it rains", item="Fig. 10",
            record="application", pairs=OURS_OVER_INPUT, measures=("confidence",)),
    _dcdgan("Sec. 4.6, Fig. 10", "Of the methods, it lowers that confidence most", item="Fig. 10", record="application",
            pairs=_ours_over("DDN", "RESCAN", "SPANet", *SEMI_SUPERVISED, "CycleGAN"), measures=("confidence",)),
    _dcdgan("Sec. 4.6, Fig. 10", "Objects are recognised better after deraining by DCD-GAN", item="Fig. 10",
            record="application", pairs=OURS_OVER_INPUT, measures=("precision", "recall", "f1")),
    _dcdgan("Sec. 5", "It performs less well when it is trained on small data sets",
            untested="no notebook varies the size of the training set"),
    _rainmer("abstract", "One model derains synthetic, real and night rain", record="train_rainmer", pairs=FULL_OVER_INPUT,
             measures=("psnr",), headline=True),
    _rainmer("abstract", "Views, prompts and interaction together improve it", item="results table",
             record="rainmer_benchmarks", pairs=(("full", "backbone alone"),)),
    _rainmer("abstract", "It outperforms the methods of its time on synthetic, real and night rain", item="results table",
             untested="none of them is trained on its data here, and the data are not at hand"),
    _part("Aligning the data sets helps", "without alignment"),
    _part("The views, learnt by contrast, help", "without illumination", "without degradation and detail"),
    _part("The views as prompts of the decoder help", "without prompts"),
    _part("The spatial-channel interaction helps", "without interaction"),
    _rainmer("abstract", "Contrast gives representations of illumination and degradation that tell kinds of rain apart",
             item="representations", record="rainmer_representations", pairs=(("trained", "untrained"),),
             measures=("purity", "silhouette", "strength")),
    _rainmer("abstract, page", "A detector finds more by day and at night after deraining", item="detection",
             record="application-rainmer", pairs=(("Rainmer", "input"),), measures=("map", "f1")),
    _rainmer("page", "The detector gains more where PSNR and SSIM gain more", item="detection",
             untested="two scenes here are too few for a relation"),
    _rainmer("abstract", "One model restores rain, drops on the lens and snow", item="all-in-one", record="all_in_one",
             pairs=(("all weathers", "input"),)),
    _rainmer("abstract", "On these data it is superior to other methods", item="all-in-one",
             untested="no other method is trained on them here"),
    _dcdgan("not in the paper", "The printed objective is better than the one that the released code minimises",
            item="released code", record="paper_versus_code", pairs=(("paper", "released"),), ours=True),
    _dcdgan("not in the paper", "Self-training on its own rain improves CycleGAN and DCD-GAN", item="self-training",
            record="self_training", ours=True,
            pairs=(("CycleGAN, self-trained", "CycleGAN"), ("DCD-GAN, self-trained", "DCD-GAN"))),
)  # fmt: skip
