"""Members and users of clusters in an order in which ingest writes to few pages; users counted by their sessions.

SQLite cannot drop a table's own constraint, so there both tables are made anew. The servers of the version before go on
writing during an upgrade: their inserts and conflicts work on the new tables too.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_COUNT_SESSIONS = """
UPDATE "cluster_users" SET "session_count" = counted."sessions"
FROM (SELECT "project_id", "cluster_key", "user_hash", count(*) AS "sessions"
      FROM "cluster_members" GROUP BY 1, 2, 3) AS counted
WHERE "cluster_users"."project_id" = counted."project_id" AND "cluster_users"."cluster_key" = counted."cluster_key"
  AND "cluster_users"."user_hash" = counted."user_hash";
"""

_POSTGRES = f"""
ALTER TABLE "cluster_users" DROP CONSTRAINT IF EXISTS "uid_cluster_use_project_342729";
ALTER TABLE "cluster_users" ADD "session_count" INT NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX "uid_cluster_use_project_3a37ee" ON "cluster_users" ("project_id", "user_hash", "cluster_key");
{_COUNT_SESSIONS}
DROP INDEX IF EXISTS "idx_cluster_mem_project_138f8b";
DROP INDEX IF EXISTS "idx_cluster_mem_project_f850a1";
ALTER TABLE "cluster_members" DROP CONSTRAINT IF EXISTS "uid_cluster_mem_project_98f153";
CREATE UNIQUE INDEX "uid_cluster_mem_project_a24fc6" ON "cluster_members" ("project_id", "session_id", "cluster_key");
"""

_POSTGRES_BACK = """
DROP INDEX "uid_cluster_use_project_3a37ee";
ALTER TABLE "cluster_users" DROP COLUMN "session_count";
ALTER TABLE "cluster_users" ADD CONSTRAINT "uid_cluster_use_project_342729"
    UNIQUE ("project_id", "cluster_key", "user_hash");
DROP INDEX "uid_cluster_mem_project_a24fc6";
ALTER TABLE "cluster_members" ADD CONSTRAINT "uid_cluster_mem_project_98f153"
    UNIQUE ("project_id", "cluster_key", "session_id");
CREATE INDEX "idx_cluster_mem_project_f850a1" ON "cluster_members" ("project_id", "cluster_key", "user_hash");
CREATE INDEX "idx_cluster_mem_project_138f8b" ON "cluster_members" ("project_id", "session_id");
"""


def _sqlite(*, unique: str, users_unique: str, indexes: str, users_column: str = "") -> str:
    columns = '"uid", "project_id", "cluster_key", "session_id", "user_hash", "marker_count", "first_observed_at", "last_observed_at"'
    users = '"uid", "project_id", "cluster_key", "user_hash"'
    return f"""
CREATE TABLE "new_cluster_members" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "session_id" VARCHAR(128) NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    "marker_count" INT NOT NULL,
    "first_observed_at" TIMESTAMP NOT NULL,
    "last_observed_at" TIMESTAMP NOT NULL,
    CONSTRAINT {unique}
);
INSERT INTO "new_cluster_members" ({columns}) SELECT {columns} FROM "cluster_members" ORDER BY "uid";
DROP TABLE "cluster_members";
ALTER TABLE "new_cluster_members" RENAME TO "cluster_members";
CREATE INDEX "idx_cluster_mem_project_987a30" ON "cluster_members" ("project_id", "cluster_key", "last_observed_at");
{indexes}
CREATE TABLE "new_cluster_users" (
    "uid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "cluster_key" VARCHAR(200) NOT NULL,
    "user_hash" VARCHAR(64) NOT NULL,
    {users_column}
    CONSTRAINT {users_unique}
);
INSERT INTO "new_cluster_users" ({users}) SELECT {users} FROM "cluster_users" ORDER BY "uid";
DROP TABLE "cluster_users";
ALTER TABLE "new_cluster_users" RENAME TO "cluster_users";
"""


_SQLITE = (
    _sqlite(
        unique='"uid_cluster_mem_project_a24fc6" UNIQUE ("project_id", "session_id", "cluster_key")',
        users_unique='"uid_cluster_use_project_3a37ee" UNIQUE ("project_id", "user_hash", "cluster_key")',
        users_column='"session_count" INT NOT NULL DEFAULT 1,',
        indexes="",
    )
    + _COUNT_SESSIONS
)

_SQLITE_BACK = _sqlite(
    unique='"uid_cluster_mem_project_98f153" UNIQUE ("project_id", "cluster_key", "session_id")',
    users_unique='"uid_cluster_use_project_342729" UNIQUE ("project_id", "cluster_key", "user_hash")',
    indexes="""
CREATE INDEX "idx_cluster_mem_project_f850a1" ON "cluster_members" ("project_id", "cluster_key", "user_hash");
CREATE INDEX "idx_cluster_mem_project_138f8b" ON "cluster_members" ("project_id", "session_id");
""",
)


async def upgrade(db: BaseDBAsyncClient) -> str:
    """The statements in the dialect of the connection."""
    return _SQLITE if db.capabilities.dialect == "sqlite" else _POSTGRES


async def downgrade(db: BaseDBAsyncClient) -> str:
    """The statements that bring back the tables of before, with what is in them."""
    return _SQLITE_BACK if db.capabilities.dialect == "sqlite" else _POSTGRES_BACK


MODELS_STATE = (
    "eJztXW1z2zYS/isYfWluRudJlNjJZW5uRnbcxj0nztjOtdO0w4FISEJNEioBStH18t8PAF"
    "9EUiBNyCJFsfjSxuQuST0gF7vPLhZ/DjziIJeejFGA7fngLfhz4EMP8X8UzgzBAC4Wm+Pi"
    "AIMTV4rCjcyEsgDajB+dQpcifshB1A7wgmHi86N+6LriILG5IPZnm0Ohj/8IkcXIDLE5Cv"
    "iJL7/xw9h30FdEkz8XD9YUI9fJPSp2xL3lcYutF/LYlc++l4LibhPLJm7o+RvhxZrNiZ9K"
    "Y5+JozPkowAyJC7PglA8vni6+Hcmvyh60o1I9IgZHQdNYeiyzM+dWJtjA8v6eHNv3V3eW9"
    "ZAAyCb+AJc/qhU/vqZeIS/j168ev3qzcuzV2+4iHzM9Mjrb9GtN8BEihKej/eDb/I8ZDCS"
    "kBhvQF2igIpH2kL2Yg4DNbQZlQK+/MGL+CZoVgGcHNggvHmr2oDYg18tF/kzJj6N0elpBa"
    "D/Gd9evB/fPuNSfxO3JPwziL6Oj/GpUXROoL5BWXxUGgjH4j1E98Xz5zXQ5VKl6MpzeXT5"
    "HRmKPu08wj/e3XxUI5xRKaDsYJuB/wEX0y1bcQRoV4ArwBBX9ij9w81i+uzD+Oci3BfXN+"
    "cSHELZLJBXkRc459ALAz19yFgTcWAC7YcVDBxr6wwZkTLZ7VPeyCsegT6cSSDFLxa/L56y"
    "7lDALdEdsgPEVFNa7nzlxEalpEWlKK01wQ3GIIC+QzywhG6IAJtDBhC/yhosAmIjSgGZAu"
    "gDzIcH8tdF6AHKv3hETwaFoXzyxZ4wqcr/a5imRH4/tumwU2vOMp29qmGYzl6V2iVx6pGp"
    "Vgyu1kSbKPRxIhi9qTMRjN6UTwTiXGes0Y9kojJC4nCl7fmdTGpanBsfgQVGNhLGYEWChx"
    "PwU4AZn8bACrM5WAmrgRmYEtclKwqmAfGGgN8Q8VcEUOJxw4L5f+CUoUAIYgoc4qNtc9To"
    "nR63VV8GXCB68bm5Y6HEx+E6UNrxkLv2XONL5uQU+5jOkSMk5CluNn9HNrOiKIByC8pBjP"
    "+KLv5bqUUMVXHGOZ6Vhhphz2KNf4xGL1++Hj1/efbm9NXr16dvnqdBx/apqujj/OoHEYDk"
    "vt/HIxIV/OU2Uom9mY2S2WgDa/pN1UU2Vejj7HNaKww5rQhDTrfCkLzRqQtzXquHWO//Vc"
    "7b87pA57XaA3owOC6HKvdKw7VLoALme/S1ZDbMqPTiZa4A9f7y5/vqiNpbx2eubz7+kIgX"
    "w+zCy53xamq+2KlGiy91gKCzbunNPqvzYp+Vv9dnW3Qc92W9hYIwKvXxMhqP+3n7Avl5s3"
    "7eEznlDZwb3zyP5juOhwgE1JButIoMXKx2kvyjZ1bj6sPl3f34w6ec6Xg3vr8UZ0Y5s5Ec"
    "fVZ8u9OLgJ+u7t8D8Sf45ebjZZGzS+XufxmIZ4IhI5ZPVhZ0spgkh5NDueF1EaQ8tgp9hl"
    "3dQS7q7mGoY6fcjHRDI81D8wekSAhVhcAFxd6YyFZC4Q3+gmtBgc7cv9EwDm0dhxYFAVEA"
    "XO7Opgo9wLdtV9bmTiKLWDnNaSOvafyDTs8ai3DipvSr5kAXdY1/0OWRzvLsmgNdUDXj3L"
    "Vx7kge7VNEhw4UubTk1LAqnxbTqRo5NYoZAiQQqXYntNkJuBSZdzbngw341ZHIXs35swO4"
    "gAEDkzXAjALsqPNmT7ranovjTNZk7zl8dblEufu433KJDpu4RqhQ/i3pgJ3IG7B3ADtAoi"
    "BOJEgcuFbwz6Wx/7biTuF/x6bzfXOkthtShsQtLXEbhmZrHYNdor7Tm941pBvOFkJRpMId"
    "TxLgGfYVb3Z5lahCtf1q0cE/p6Fvy5K/SYhdxh/kRNzvXwegCfZWQ5q3PA60FQHFOSEugn"
    "6Z1UmUCiMy4VrH9xFUUYc3N9c5zM+viub884fzy9tnL+QAcCExDaqN0FERMm36kcceveXS"
    "caIQT8wUO+Tk8qomSu/aOHcrSh8v8L/RelAeq8cCwxoRuwUX2HpA69r191x2KAtU59ieA+"
    "K7a8CDZnD3fvz30emZiLMf0IKpiu01NOtUq+YruDKWsrzG1ETre3T1yqN1U5HXko/NfzdS"
    "1AaUh+qpQi/gbZ0YsclCq5Y3VegF3E2Xh/H5wZpDOtdBOKtjLPWjBuO4IpHOGJNjcFFz5R"
    "ZfF5hfbodhzmuaQKTLoxygJXnY6WPOa5pR7vIou5AyK6Q7jXNR14x010a6I8TCpSi3+wBl"
    "UaOCVsieHlaRCrJsz/KkZG1GYQqxGwYIQAaIj4BHPOQzufQexIuHTsCVzNYLjiB68+SKWO"
    "xLAiERUlAO+7y0gpOoXvEawSD++O0R8oJMZC+E5DN94KJmpWxnV8oaesMsODxo5N1EhfbG"
    "WGlAnVMySNdDOq4pEKS7DtYFtR6iParVpGpU0aRqtN2kSs6lGjAn8j3E9+WoBrwvR6Xoil"
    "OGfz4g/4yW2EG+rVWcl9Uxa2m0IZ9jVYO7crgTeQP1DpWQCxeuLTKdUsQsT1ExVhXjqLTb"
    "Ww/Zk5hnMxiFiFSHdCqomlRB50gnkxH6SwxzR7jFuygeHyh7hdKkpXFVm1AppLG0aIkpZl"
    "liT1B5touRz76jQwXNF3Mz6qVFT7qaHmn4GE9Yq8jJ0IOGHuyE/TT0YH9IK7MmrM1IiIR6"
    "aKcKBu7dWr8Fu7nAeU3jAnfOBc63SwtkB3dtaqGgaFiFnVkFtOROM7XIRLo6ygRIFZOpUD"
    "Y8m7a5CykKtOtsc0o9AL1p3zRAsjeb1iS+UekBwK3nRvwlDojvKTekqTAqeTUDvDbwDM60"
    "Fncn8t1Y0S1u26MV3YKrUu0qVpE22ai059i8aNar2Vv3CLFLiOXgGaIKo1I+WRbUemBUzL"
    "oUE4LtIQQLF86Ow5zXNMPcuWHuSrKJkQA5N5OyZna588PKtJOUjMPNurXsPojkQVI/zi/C"
    "H/QteOBY+WCOAgQmaMqvHO/PtIo2eBoCfmxG5F5Pue2bos2dFKXtTd6pRtIqE4U/lrTK5r"
    "eS/aPkF2qyWZ2haEw26+AuUBUpVg70odiw9rJZz0d1oBZiFXvXjkzy8IDJQ1OD3WDXhHQ6"
    "rf0OJwotxqUL5DsCpGPFGP8XWZM1Q5qZo7ye2Z5jt6yRIQdKB+TYo8Zcl/tora5OD9ysSm"
    "++rr2xl3L1v/bOK3mtHnCXbSREusJ+RO7pOGB4CksIkILIsEbprQVjaZ0ts6NG/NFa+2i7"
    "pCFAJ7MTyVbwH+CuKaaiZT8EYokSeStX6HNxBO05EOMkmIrMQv0tDqS522gv9U8Aij6UIi"
    "NiyI2OkhuH6wfZqaBk/2SGYY1MDXTvaIy8kdeAe0uxh4g3sIFAgppmnWBRz7iw+jU9AZ7N"
    "RK8JTeKuqGfe8zom/Ch2Hm8N4P13qVjx30VWWkVqGZVu1Kn1aueRFLQdKL2iriH1Ok3qGe"
    "72LzHMprCrt8PcLWrzFi1IwC745Qbl5GZGaFiH3gykvGVzhZoM593aWzDiDYENQyp4RgdM"
    "8ddcY9HvKEjSEydAUJWPsJn7ueTT+g0YotIQld2ynoao7AnQhqhssVmDYRQargeK5modVj"
    "KjYghJfUIS2XMf29C1AkKEpxbqra0t0zdDod8tI5yJhW08ZOPuqdYXUFQ04O/wHXxlFg09"
    "DwZaOZGinoFeG/olpiG3HzuAv61p4NeGn99+Wtb9+HuXwBLs82oF3KdCrynkn580VSdYAf"
    "27m8/n15fg0+3lxdXdVUzdpxSSPCkpgHSz6tvL8bVh5/f14h8Dn2fY+b/cMBt2vrfD3BF2"
    "/iLanGTsYhgBWCDmc+eHVZx8ss0JFKKo9h5iHgr4g4FY+zsabTYuSPSoW688zP8NGcCMgn"
    "iHMvA7wT6YBsQTYj5QbyK212vXIehJGNio1tpqBvmjZZZhG/K+g+S94Zjb4pg3H44G0Hmt"
    "HgLdyL5KGcujgXVey2BdD2vjphv/rRX/7R1cV3hv4mwt382B65qO23uyAmQqe9GkjtQKUj"
    "DHYsNWuVSLX2womtx8vr/Yds520K/hgBW22uNXMJUSxtk6MsvYeMs+s41liy6AAxUoi7lf"
    "jXIsXjXhHyHOVcQ3n8DVO9raJFS1BK4yyUXN3rQWaLlxR1K9UzIE5W1Tinq9GYAn9Xbolq"
    "/4AXkT6T6VuYuxQC2P0ZOytdm++AWRbl7q+Kmou3JB7SX+2Ynr0X268pOcbKmR3RbRcHXG"
    "fez4XGvcxz65j6b6tr3qW7O/Sgvmo9q576Bn3/zMube+YVMcFPyVLYCrWWflBQz53Dnyea"
    "tZ3BPGXKVvhrxzQ96tGPIzrYwg5elhnfhRTJ+1o0chPIz75E/WPC7kziRygJh9AfHd9TAf"
    "LsrsASWA/5h1ElDSE/CDSC6IXZ9lFYh4/cVaTf5vTxWINn7PX/1f/XvkulSeJyEDAYKi5y"
    "4/TShKLwJWcxnw8nuJZxKt/320Aoxkb04C8WTARVNR0lI3Xs75MFXhsol+TfTbbTNvot8+"
    "Rb/HFJEd8Ut9hHS/Cu0Xh43EOuKhXVEaorHN8BIzZVFIXqDSS8NC1IKRLK5b1HtHPO5qRB"
    "4MZNwhWSz4G+BIV8UH8ppvgdzMANhz6M8QHXKfRzjI0tEZgilCjgBjGFXw8iN04WJGFb03"
    "Gr2VwnXSyx+YjZKOwHcyLTpMi47jBto4pW06pWZTpAZbfh5XvqulLEwj2S6fqHafKl8Mn8"
    "j3AN22l8BzHxUK92Mb7h8p8QXk2/mujEo3Gtke7YbrcozU6zImWu0g8lrmO9BvBWGWw5j0"
    "VPPkR5yEGpRxH8n54ePUR+wi185QxV0+IzYizdyQqVzQEkc2gHI/Bp2AcUxQ8HN2stczF/"
    "H4POsMRVIH+g4Wr3S8HbQqO9X4/Wpkj2ptJZ1sXSmzzRQhP/6Uw6SZqaFGOkiNmAi+pQhe"
    "M3I3EbuJ2DsTsR9JS80DOW+NdHJkApyZXrOEjE4vQG9+d58IMGvJ/T/xbFtgl+dFFaqmYN"
    "WsM2sTWlkFoYtrXsmAWgTVrEw99MrUAC0CRJHP40m8RNZu6YLKi/SA12shexCtFMgE8vrL"
    "DDLKhtDrHKG3tcRgx7Eu6pqh7vRQp0Rd/bgCtp4XTJnKlgzo3rehgHzCmflIK/+a1enBHN"
    "V+zMyRsXST3nktA/uOsO/ex1ilv4cpJKbyzQyy/xnEC8VI8TAHu7qDXVA143wk45xEUIqd"
    "q8oD4hL1nQLjjg3zvmmHuGIdqZKhhLgI+mVxbkavAOyEKzY1e6VH2v2Ezm9urnNfz/lVcY"
    "b6/OH8kvtq8rPZ7KWxjXiSF99hxiqoGiPWZSOWDtauTHT5BXrD8O3NjJnyr95+Ux0p/xq7"
    "KGDvkIuXKFCufcsLDKsKwKAQ5SMtZWuvfRObO0tNucWzqMKi2H/YLt2qkHvyqjO0RJGxyS"
    "4/G4Ivmc1CzcK0zuQ2urgw7bDgN5zYjz5sPXCzOqZ6wqz96w7QZu1fm5WE6dRaF+dUoYcI"
    "N1BzxX0greRTLG/ArQHuhDgKEyGWV6nBTeTbX352mEDryQvNxAVU+Y9QwYtWJ1RDFRXaZL"
    "ppgXzRcqyprFPj+VTGkLdgOvxzVsVQNUWqRlZtoCAgwTak5dnSvJbJlpoFku0MxTEwZPni"
    "OR/T+Y4denOqJrvQtXHuCBN6Z/OXJJQ/eYsETc8Nq/hPGkvVJD5/msu93BItBywwspFYir"
    "oiwYPc2022PZ2gWegPRSvV1Rxz4SUKxCpUG1EKGCEPSdvSHFu674s/TrGWkqLy/xruXCJv"
    "iLmSAKWc/+SecLBz1VBgZkNjJR/tZi2StSi4Jwy6KkuZO19pLe1IkpsULqqRK6IytyQsGQ"
    "TxNWQXZ3lgzmNsMgug9x0Fk9B+QIzyk8KoQddNDBvXplis6BedpTF/S/g5KG6hTjo1fUNl"
    "w4DECPLPSQBn2kofSQbqsJNdp/i4RlbRxN+DBsIbjRbD6z+/tUMMnb6oszqdS5ViLM/lMV"
    "5CN1S8xN+7BJYYkVSjAPFUqDTGDJ00xQ1VQPru5vP59SX4dHt5cXV3FdOfqXMgT4pDm0q5"
    "28vx9aFbHX/7Py34Xxc="
)
