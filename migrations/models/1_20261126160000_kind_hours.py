"""The counts of failures by hour and kind, and those of the failures that are there.

What the previous version ingests while it goes on running after this upgrade is not counted in them.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_POSTGRES = """
CREATE TABLE IF NOT EXISTS "kind_hours" (
    "uid" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" VARCHAR(64) NOT NULL,
    "hour" INT NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "marker_count" BIGINT NOT NULL,
    "session_count" INT NOT NULL,
    "cluster_count" INT NOT NULL,
    "last_seen_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_kind_hours_project_ee4382" UNIQUE ("project_id", "hour", "kind")
);
"""

_SQLITE = """
CREATE TABLE IF NOT EXISTS "kind_hours" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "hour" INT NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "marker_count" BIGINT NOT NULL,
    "session_count" INT NOT NULL,
    "cluster_count" INT NOT NULL,
    "last_seen_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_kind_hours_project_ee4382" UNIQUE ("project_id", "hour", "kind")
);
"""

# A session counts in the hour of its last marker of a kind, a cluster in that in which it was last seen.
_COUNT = """
INSERT INTO kind_hours (project_id, hour, kind, marker_count, session_count, cluster_count, last_seen_at)
SELECT project_id, {observed}, kind, count(*), 0, 0, max(observed_at)
FROM error_markers GROUP BY project_id, {observed}, kind;

INSERT INTO kind_hours (project_id, hour, kind, marker_count, session_count, cluster_count, last_seen_at)
SELECT project_id, {observed}, kind, 0, count(*), 0, max(observed_at)
FROM (SELECT project_id, session_id, kind, max(observed_at) AS observed_at
      FROM error_markers GROUP BY project_id, session_id, kind) AS last
WHERE true GROUP BY project_id, {observed}, kind
ON CONFLICT (project_id, hour, kind) DO UPDATE SET session_count = excluded.session_count;

INSERT INTO kind_hours (project_id, hour, kind, marker_count, session_count, cluster_count, last_seen_at)
SELECT project_id, {seen}, kind, 0, 0, count(*), {begin}
FROM issue_clusters WHERE session_count > 0 GROUP BY project_id, {seen}, kind
ON CONFLICT (project_id, hour, kind) DO UPDATE SET cluster_count = excluded.cluster_count;
"""
_POSTGRES_HOUR = "floor(extract(epoch FROM {time}) / 3600)::integer"
_SQLITE_HOUR = "CAST(strftime('%s', {time}) AS INTEGER) / 3600"


def _count(hour: str, begin: str) -> str:
    observed, seen = hour.format(time="observed_at"), hour.format(time="last_seen_at")
    return _COUNT.format(observed=observed, seen=seen, begin=begin.format(hour=seen))


async def upgrade(db: BaseDBAsyncClient) -> str:
    """The statements that make the table and fill it, in the dialect of the connection."""
    if db.capabilities.dialect == "sqlite":
        return _SQLITE + _count(_SQLITE_HOUR, "strftime('%Y-%m-%d %H:%M:%S+00:00', ({hour}) * 3600, 'unixepoch')")
    return _POSTGRES + _count(_POSTGRES_HOUR, "to_timestamp(({hour})::bigint * 3600)")


async def downgrade(db: BaseDBAsyncClient) -> str:
    """The statement that removes it."""
    return 'DROP TABLE IF EXISTS "kind_hours";'


MODELS_STATE = (
    "eJztXVFz2zYS/isYvTQ3o3oSJXZymZubsR23cZvEmdi5dtrJcCASklBThEqAdnS9/PcDQF"
    "IiKZAmZJGi2H1pY3KXpD6Qi91vF4u/BnPmEZ8fnZKQurPBa/TXIMBzIv9RODNEA7xYrI+r"
    "AwKPfS2K1zJjLkLsCnl0gn1O5CGPcDekC0FZII8Gke+rg8yVgjSYrg9FAf0zIo5gUyJmJJ"
    "Qnfv8iD9PAI18JT/9c3DoTSnwv96jUU/fWxx2xXOhjl4H4QQuqu40dl/nRPFgLL5ZixoKV"
    "NA2EOjolAQmxIOryIozU46unS35n+oviJ12LxI+Y0fHIBEe+yPzcsbM+NnCcD1c3zvXFje"
    "MMLAByWaDAlY/K9a+fqkf4fvTsxcsXr56fvHglRfRjro68/Bbfeg1MrKjh+XAz+KbPY4Fj"
    "CY3xGtQ7EnL1SBvIns9waIY2o1LAVz54Ed8UzSqA0wNrhNdvVRsQz/FXxyfBVKhPY3R8XA"
    "Hof04/nb89/fRESv1D3ZLJzyD+Oj4kp0bxOYX6GmX1UVkgnIj3EN1nT5/WQFdKlaKrz+XR"
    "lXcUJP608wj/dH31wYxwRqWAskddgf6HfMo3bMUBoF0BrgJDXXnO+Z9+FtMn709/LcJ9/u"
    "7qTIPDuJiG+ir6AmcSemWgJ7cZa6IOjLF7e49Dz9k4w0asTHbz1Hw0Lx7BAZ5qINUvVr8v"
    "mbKuSSgt0TVxQyJMU1rufOXExrWkw7UorzXBDU5RiAOPzdEd9iOCxAwLRORVlmgRMpdwjt"
    "gE4QBROTxYvi5KD3H5xRN+NCgM5aMv9ohJVf/fwjSl8ruxTfudWnOW6eRFDcN08qLULqlT"
    "D0y1anCtJtpUoY8TwehVnYlg9Kp8IlDnOmONfmJjkxFShyttzx9sXNPiXAUELShxiTIG9y"
    "y8PUK/hFTIaQzdUzFD98pqUIEmzPfZPUeTkM2HSN6QyFcEcTaXhoXK/+CJIKESpBx5LCCb"
    "5qjROz1sq34fSIH4xZfmTkQaH0/qYG3HI+naS43fMycnNKB8RjwloU9Js/kHcYUTRwFcWl"
    "AJYvJXfPEvpRYxMsUZZ3RaGmpEPYs1/jkaPX/+cvT0+cmr4xcvXx6/eroKOjZPVUUfZ5c/"
    "qgAk9/0+HJGY4C+3kUbsYTZKZ6M1rKtvqi6yK4U+zj7HtcKQ44ow5HgjDMkbnbow57V6iP"
    "XuX+W8Pa8LdF6rPaAHg8NyqHKvNF76DBtgviFfS2bDjEovXuYKUG8ufr2pjqjny+TMu6sP"
    "P6bixTC78HJnvJqaL/ZKo8WXOiTYW7b0Zp/UebFPyt/rkw06Tvqy84WBMCr18TIaD/t5uw"
    "L5abN+3iM55TWca988j+YbiYcKBMyQrrWKDFyidpT+o2dW4/L9xfXN6fuPOdPx5vTmQp0Z"
    "5cxGevRJ8e1eXQT9cnnzFqk/0W9XHy6KnN1K7ua3gXomHAnmBOzewV4Wk/Rweig3vD7BXM"
    "ZWUSCobzvIRd0dDHXilMNINzTSMjS/JYaEUFUIXFDsjYlsJRRe46+4FhLazP1rDXBo6zi0"
    "JAyZAeByd3al0AN823ZlXekkipiVs5w28prgH3R61lhEY39Fv1oOdFEX/IMuj3SWZ7cc6I"
    "IqjHPXxrkjebSPMR06MOTS0lPDqnxaQqda5NQ4FQSxUKXavcgVR+hCZd7FTA42klcnKns1"
    "k8+O8AKHAo2XiAqOqGfOmz3qajsujoOsyc5z+OZyiXL3cbflEh02cY1QofJbsgE7lQewtw"
    "A7JKogTiVIPLw08M+lsf+m4lbhf8em811zpK4fcUHULR11G0GmSxuDXaK+1ZveNaQbzhZi"
    "VaQiHU8W0ikNDG92eZWoQbX9atHBvyZR4OqSv3FEfSEf5Ejd7997oAl2VkOatzwedg0BxR"
    "ljPsFBmdVJlQojMpZah/cRVFGHV1fvcpifXRbN+ef3ZxefnjzTAyCF1DRoNkIHRci06Uce"
    "evSWS8epQjw1U2yRk8urQpTetXHuVpR+uqA/k+WgPFZPBIY1InYHL6hzS5a16++l7FAXqM"
    "6oO0Ms8JdIBs3o+u3p96PjExVn35KFMBXbW2jWqVbNV3BlLGV5jSlE6zt09cqjdajIa8nH"
    "lr+bGGoDykP1lUIv4G2dGHHZwqqWd6XQC7ibLg+T84Mzw3xmg3BWByz1gwbjsCKRzhiTQ3"
    "BRc+UWXxdUXm6LYc5rQiDS5VEOyR273epjzmvCKHd5lH3MhRPxrca5qAsj3bWR7gixcKHK"
    "7d5jXdRooBWyp4dVpIIu23PmWrI2ozDB1I9CgrBALCBozuYkEHrpPUoWDx2hS52tVxxB/O"
    "bpFbE00ARCKmSgHHZ5aQMnUb3iNYZB/fHlAfKCjXUvhPQzvZWisFK2sytlgd6ABYd7jbyb"
    "qNBeGysLqHNKgHQ9pJOaAkW622BdUOsh2qNaTapGFU2qRptNqvRcagFzKt9DfJ+PasD7fF"
    "SKrjoF/PMe+WdyRz0SuFbFeVkdWEtjDfmMmhrclcOdygPUW1RCLny8dNhkwolw5oaKsaoY"
    "x6Td3nrInsQ868EoRKQ2pFNBFVIFnSOdICP0txjmjnCL13E8PjD2CuVpS+OqNqFayGJp0R"
    "3lVGSJPUXluT4lgfiODw00X8LNmJcWPepqdqThQzxhrSInoAeBHuyE/QR6sD+kFawJazMS"
    "YpEd2isFgHu71m/hdi5wXhNc4M65wPl2aaHu4G5NLRQUgVXYmlUgd9Jp5g4ba1fHmACpYj"
    "INysCzWZu7iJPQus42p9QD0Jv2TUOie7NZTeJrlR4A3HpuJLijIQvmxg1pKoxKXg2AtwZe"
    "4KnV4u5UvhsrutVte7SiW3FVpl3FKtIma5X2HJtnzXo1O+seoXYJcTw6JdxgVMony4JaD4"
    "wKrEuBEGwHIVi08LYc5rwmDHPnhrkrySbBQuJdjcua2eXODyvTTloyCTfr1rIHKJZHaf24"
    "vIh80NfoVmIVoBkJCRqTibxysj/TfbzB0xDJY1Om93rKbd8Ub+5kKG1v8k41klaZKPyhpF"
    "U2v5XuH6W/UMhmdYaigWzW3l2gKlKsHOh9sWHtZbOejupArcQq9q4dQfJwj8lDqMFusGvC"
    "ajqt/Q6nCi3GpQsSeAqkQ8WY/pc446UglpmjvB5sz7Fd1gjIgdIBOfSoMdflPl6ra9MDN6"
    "vSm69rZ+ylXv1vvfNKXqsH3GUbCZGusB+xe3oaCjrBJQRIQWRYo/TWwYm0zZbZcSP+eK19"
    "vF3SEJGj6ZFmK+QP8JecctWyHyO1RIm91iv0pTjB7gypcVJMRWah/gYH0txtrJf6pwDFH0"
    "qREQFyo6Pkxv76QXYqKNk9mQGsEdRA947GyBt5C7g3FHuIeAMbCKSoWdYJFvXAhbWv6Qnp"
    "dKp6TVgSd0U9eM/rmPCD2Hm8NYB336XiXv4udm9VpJZR6UadWq92HlmBtgWlV9QFUq/TpB"
    "5wt3+LYYbCrt4Oc7eozU9kwUJxLi83KCc3M0LDOvRmqOUdVyrUZDivl/OFYPMhcnHEFc/o"
    "oQn9mmss+h1HaXriCCmq8gE2czeXfFy/ASAqgajslvUEorInQANR2WKzBmAUGq4HiudqG1"
    "YyowKEpD0hSdxZQF3sOyFjylOL7NbWlunDUNh3y4imamGbDNmke2r1BRQVAfwtvoOvwuHR"
    "fI5Dq5xIUQ+gt4b+jvJI2o8twN/UBPit4Ze3n5R1P/7BZ7gE+7xaAfeJ0msK+adHTdUJVk"
    "D/5urz2bsL9PHTxfnl9WVC3a8oJH1SUwCrzao/XZy+A3Z+Vy/+IfB5wM7/7YYZ2PneDnNH"
    "2PnzeHOSU5/iGMACMZ87P6zi5NNtTrASJbX3EJuTUD4YSrS/4/Fm44pEj7v16sPy31ggKj"
    "hKdihDfzAaoEnI5kosQOZNxHZ67ToEPYtCl9RaWy2wfLTMMmwg7ztI3gPH3BbHvP5wLIDO"
    "a/UQ6Eb2VcpYHgus81qAdT2swU0H/60V/+0NXlZ4b+psLd/Nw8uajttbdo/YRPeiWTlS95"
    "ijGVUbtuqlWvJiQ9Xk5vPN+aZztoV+DQessNWevAJUSoCzdWCWsfGWfbCNZYsugIcNKKu5"
    "34xyIl414R8gzlXEt5zAzTvauiwytQSuMslFzd60Fmi5cUdavVMyBOVtU4p6vRmAR/V26J"
    "av+J7Mx9p9KnMXE4FaHuNcy9Zm+5IXRLt5K8fPRN2VC9q7gTb7dOU1dUuN7LaIX1QfxEqV"
    "db99g2zxScARBUe0u7M2OKJ9ckShjre9Ol7YqaUF81EdJnQwRmh+5txZB7IJDQuezwbA1f"
    "y18QJAY3eOxt5oO/eIMTfpw5B3bsi7FY1+5pWxqD49rBOJqumzdhyqhIdJx/3xUkaY0pkk"
    "HlKzL2KBvxwWAk90Q3yf672iWSSQnjzkO4LuZzoIlZLqiqodf0DukWCIGvakbu+29jFyJm"
    "yFhAnEqQdlkCFO7VOcekix04G91B2Z+S85j8ipK+gdFcayhbxA5exPlaiDY1lat+z0ms3l"
    "xKhmUl38OZPXl2+Hp2ZQHCB9zddIt9tH7gwHU8KHKCTK8VJkiPxjQoinwBjGNabyCF/4VH"
    "BDd4hGb2WY6O0YbtjK5wBmemgiAU0kDhtocKHadKFg254Gm1IeVh6lJXa/kSxKwEz7I5Uv"
    "107le4Bu24u0pY+KlfuxCfdPnAUK8s08SkalG61WD3ZLcD1G5pUDY6uGBXkt+A7smxXAgg"
    "1IezRPfiTJjUEZ95GeHz5MfSQucu3MR9KHMmYjEq+Eq2aVLN6UR29NzKUfQ47QaUJQyHNu"
    "uhuxFJnLedYbqjQFDjyqXulkw2JTyqPx+9XIddTa7DjdXFFnMTkhQfIpR1Cs12FqBCL4li"
    "J4y8gdInaI2DsTsR9I08c9OW+N9BoUCpyp3XL+jE4vQG9+/5kYMOdO+n/q2TbALl+oY1CF"
    "QkhYCdUmtDpnb4trXglALYIKayf3vXYyJIuQcBLIeJLeEWe7dEHlRXrA67WQPYgr0DOBvH"
    "35ekYZCL3OEXobpetbjnVRF4a600O9IurqxxW49bzgiqlsyYDufKMELCecaUCs8q9ZnR7M"
    "Ue3HzBIZxzbpndcC2LeEfftOuyb9HUwhCZUPM8juZ5B5pEZKLaXxbQe7oArjfCDjnEZQhr"
    "2VygPiEvWtAuOODfOuaYekYp2YkqGM+QQHZXFuRq8A7FgqNjV7rY60+wmdXV29y309Z5fF"
    "Gerz+7ML6avpz2a928Mm4mlefIsZq6AKRqzLRmw1WNsy0eUX6A3DtzMzBuVfvf2mOlL+9b"
    "McvrcsMpZ+rc4Nq8q+VOrfmUmxmiVfv6jCq6TeSumqf6dFWRPi+0iOMNNn1UVfZ3dCiPdK"
    "uJcXIHdJf15FliFFlum9ETYLvhq/W41yr1mCoS6SgOXsncqTQCXX3ssG0s+jpv+QikN5gM"
    "FhgLqtBuu2IJe971w2VL80F2okS1ttod3QA2iL0EIyGCK55iO5U5+E4g3xqQxWjF1M8gLD"
    "qpgOK1E50lq2dheTKxlFaU00YaGOqTgNbjdjsgq5R/cPkaFabHCyjURU42uVFot48QxEXx"
    "2NvvbXYmS/4Dcca8Ufth24WZ0exgnQxeVggYYuLm2uCVtNrXVxXin0EOEGVs9IH8gG3VQe"
    "wK0B7ph5BhOhGmWYwU3l228ksp9A69EtQ9QFTJVskaHCpbo0NjIVtTRZOLgggadga+XVbq"
    "AyVggyXwibSqKsCtA1RrqGhCEzZCXK617zWlD3Cq1u2hmKQ2DI8sugAspnW+7hkVOFOrGu"
    "jXNHmNBrV74kkf7JGyTo6tywiv/kiVTtkha9b3Sq5aEFJS5RpSb3LLxdV46MyTQKhmqnhf"
    "sZlcKqrESG/S7hHAnGbo27NOz64g9TrKWkqP6/hTuXygMxVxKglPOf0hMOt17/EcJsCFby"
    "wf1uVMKWhDdMYN9kKXPnK62lG0tKkyJFLXJFXOeWlCXDKLnGEKmMkDowkzE2m4Z4/h1H48"
    "i9JYLLk8qoYd9PDZvU5lT1ZpOWDFH5lshzWN3CnHRq+obGWsDUCMrPSQEH9X8HkoHa72TX"
    "KT6ukX4IyfdggfBao8Xw+q9v7RBDx8/q1KtJqVKM9bk8xnfYjwwv8Q8+wyVGZKVRgHiiVB"
    "pjho6a4oYqIH1z9fns3QX6+Oni/PL6MqE/V86BPqkOrdc8fbo4fbfvTWu+/R9hHk8c"
)
