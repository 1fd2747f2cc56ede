"""The sink in a real server: what a visitor's browser reports is told to the room."""

import pytest
from retrospec.plugin.testing.fixtures import StartServer
from retrospec.plugin.testing.project import Failure
from retrospec.plugin.testing.receiver import Receiver
from retrospec.plugin.testing.server import NotStarted

BROKEN = Failure("The pay button does nothing", kind="ui_no_effect")


async def test_an_issue_that_repeats_is_told_to_the_room(retrospec_server: StartServer, receiver: Receiver) -> None:
    server = await retrospec_server(f"""
        alert_sinks = ["ops"]
        public_url = "https://retrospec.example"

        [alerts.ops]
        type = "matrix"
        homeserver = "{receiver.url}"
        room = "!ops:example.org"
        access_token = "syt_of_the_test"
    """)
    project = await server.project()

    await project.repeat(BROKEN, sessions=3)
    await server.delivered()

    [request] = receiver.requests
    assert request.target.startswith("/_matrix/client/v3/rooms/%21ops%3Aexample.org/send/m.room.message/")
    message = request.json()
    assert message["body"].splitlines()[0] == "New issue: The pay button does nothing"
    assert 'href="https://retrospec.example' in message["formatted_body"]


async def test_a_room_by_its_alias_stops_the_start_and_says_where_to_find_its_id(retrospec_server: StartServer) -> None:
    with pytest.raises(NotStarted, match=r"field room: .*Element shows it"):
        await retrospec_server("""
            alert_sinks = ["matrix"]

            [alerts.matrix]
            homeserver = "https://matrix.example.org"
            room = "#ops:example.org"
            access_token = "syt_of_the_test"
        """)
