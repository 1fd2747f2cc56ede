"""The strategy in a real server: what carries one code becomes one issue."""

from retrospec.plugin.testing.fixtures import StartServer
from retrospec.plugin.testing.project import Failure

CONFIG = r"""
clustering_strategy = "error-codes"

[clustering.error-codes]
patterns = ['\bSHOP-[0-9]{4}\b']

[clustering.error-codes.components]
checkout = ["/cart", "/checkout*"]
"""


async def test_two_sessions_with_one_code_become_one_issue(retrospec_server: StartServer) -> None:
    server = await retrospec_server(CONFIG)
    project = await server.project()

    english = await project.ingest(Failure("SHOP-1042: Payment declined"), route="/checkout/pay")
    german = await project.ingest(Failure("Zahlung abgelehnt", evidence="SHOP-1042"), route="/cart")
    await project.ingest(Failure("SHOP-1043: Payment declined"), route="/cart")

    assert english.cluster_keys == german.cluster_keys
    assert [(issue.key, issue.session_count) for issue in await project.issues()] == [(english.cluster_keys[0], 2)]
