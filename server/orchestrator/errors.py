"""Every error of Orchestrator, in one tree, caught once per boundary.

    OrchestratorError
    ├── ConfigError             a setting, a settings file or a prompt file is wrong
    ├── FileError               a file cannot be read or written as asked
    │   └── DocumentClosedError     its editor closed it before the answer was there
    ├── TaskError               the task that was asked for
    │   ├── TaskNotFoundError       is not in the outline
    │   └── TaskAmbiguousError      could be several
    ├── EditRefusedError        the edit does not fit: the text changed, or it would change what other lines say
    ├── ToolError               a tool cannot do what a model asked; the model reads it as the tool's result
    ├── TrustError              the person has not allowed this
    │   └── ConsentRequiredError    sending this workspace's text to that provider
    ├── BudgetError             the money or the number of calls that was allowed is used up
    ├── ProviderError           a model could not be asked, or did not answer
    │   ├── ProviderUnavailableError    a package, weights or a key is missing
    │   ├── AuthenticationError         the key was refused
    │   ├── RequestRejectedError        the provider says the request is wrong (also: unknown model, no credit)
    │   ├── ContextTooLongError         the request does not fit the model's window
    │   ├── RateLimitedError            too many requests; may be retried
    │   ├── ProviderDownError           the provider failed or is overloaded; may be retried
    │   ├── ConnectionFailedError       nothing answered, or the connection broke before an answer; may be retried
    │   ├── AnswerCutError              the answer stopped before it was finished; may be retried
    │   └── AnswerMalformedError        the provider spoke, but not its protocol
    ├── AnswerUnusableError     the model answered, and a repair turn did not make it usable
    ├── StoreError              the local database
    │   ├── StoreLockedError        another program holds it
    │   ├── StoreTooNewError        a later version of Orchestrator wrote it
    │   ├── StoreCorruptError       it is damaged
    │   └── StoreUnwritableError    no space, or no permission
    └── ProtocolError           a client sent parameters that are not of the method's shape

A message says what happened; `hint` says what to do next, and is never empty.
A problem in the user's document is a value (`outline.problems.Problem`), never an exception.
Neither text ever holds a key or the contents of a file.
"""


class OrchestratorError(Exception):
    """The base. `str()` is what happened and what to do, as shown to a person."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message = message
        self.hint = hint


class ConfigError(OrchestratorError):
    pass


class FileError(OrchestratorError):
    pass


class DocumentClosedError(FileError):
    pass


class TaskError(OrchestratorError):
    pass


class TaskNotFoundError(TaskError):
    pass


class TaskAmbiguousError(TaskError):
    pass


class EditRefusedError(OrchestratorError):
    pass


class ToolError(OrchestratorError):
    pass


class TrustError(OrchestratorError):
    pass


class ConsentRequiredError(TrustError):
    pass


class BudgetError(OrchestratorError):
    """`account` is the task whose budget it is; empty for that of the whole run."""

    def __init__(self, message: str, *, hint: str, account: str = "") -> None:
        super().__init__(message, hint=hint)
        self.account = account


class ProviderError(OrchestratorError):
    """`retryable` says whether the same call may succeed later; `retry_after` is in seconds, as the provider asked.

    `everywhere` is set when other calls would meet it now as well, and no other model can stand in.
    """

    retryable = False
    everywhere = False

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class ProviderUnavailableError(ProviderError):
    pass


class AuthenticationError(ProviderError):
    pass


class RequestRejectedError(ProviderError):
    """`other_form` says whether the same request in another form (without an answer's shape) may be accepted."""

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None, other_form: bool = True) -> None:
        super().__init__(message, hint=hint, retry_after=retry_after)
        self.other_form = other_form


class ContextTooLongError(ProviderError):
    pass


class RateLimitedError(ProviderError):
    retryable = True


class ProviderDownError(ProviderError):
    retryable = True


class ConnectionFailedError(ProviderError):
    retryable = True


class AnswerCutError(ProviderError):
    retryable = True


class AnswerMalformedError(ProviderError):
    pass


class AnswerUnusableError(OrchestratorError):
    """`raw` is the model's last answer as it came, for the person to read; `cut` says that it was only too long."""

    def __init__(self, message: str, *, hint: str, raw: str, cut: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.raw = raw
        self.cut = cut


class StoreError(OrchestratorError):
    pass


class StoreLockedError(StoreError):
    pass


class StoreTooNewError(StoreError):
    pass


class StoreCorruptError(StoreError):
    pass


class StoreUnwritableError(StoreError):
    pass


class ProtocolError(OrchestratorError):
    pass
