"""What can go wrong with a query, its cache and the files that it writes."""

from aergo_vc.base.errors import InputError, RepositoryError


class QueryError(InputError):
    """A query cannot be run: its SQL is wrong, is no query, or asks for what queries may not do."""

    code = "E_QUERY"


class QueryTimeout(QueryError):
    """A query took longer than it may and was ended."""

    code = "E_QUERY_TIMEOUT"


class QueryTooLarge(QueryError):
    """A query needed more memory or disk than it may use and was ended."""

    code = "E_QUERY_TOO_LARGE"


class QueryProcessError(RepositoryError):
    """The process that runs queries cannot be started, or does not answer as it should."""

    code = "E_QUERY_PROCESS"


class QueryLoadError(RepositoryError):
    """A table's rows cannot be put into DuckDB."""

    code = "E_QUERY_LOAD"


class QueryCacheError(RepositoryError):
    """The folder for derived query files cannot be used, or could be written by somebody else."""

    code = "E_QUERY_CACHE"


class MissingPackageError(RepositoryError):
    """An output format needs a Python package that is not installed."""

    code = "E_MISSING_PACKAGE"


class ParquetError(InputError):
    """A file is no Parquet file, or cannot be read or written."""

    code = "E_PARQUET"
