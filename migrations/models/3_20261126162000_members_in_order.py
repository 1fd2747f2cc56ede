"""Members and users of clusters in an order in which ingest writes to few pages; users counted by their sessions.

The index of markers by time goes: nobody asks for it since failures are counted by the hour.

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

_MARKERS = 'DROP INDEX IF EXISTS "idx_error_marke_project_5d0f3f";'

_MARKERS_BACK = """
CREATE INDEX IF NOT EXISTS "idx_error_marke_project_5d0f3f" ON "error_markers" ("project_id", "observed_at", "kind");
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
    columns = (
        '"uid", "project_id", "cluster_key", "session_id", "user_hash", "marker_count", '
        '"first_observed_at", "last_observed_at"'
    )
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
    return (_SQLITE if db.capabilities.dialect == "sqlite" else _POSTGRES) + _MARKERS


async def downgrade(db: BaseDBAsyncClient) -> str:
    """The statements that bring back the tables of before, with what is in them."""
    return (_SQLITE_BACK if db.capabilities.dialect == "sqlite" else _POSTGRES_BACK) + _MARKERS_BACK


MODELS_STATE = (
    "eJztXW1z2zYS/isYfUluRudJlNjJZe5uxnbUxq0TZ2zn0mna4UAkJKEmCZUArehy+e8HgC"
    "8iKZAmZJGiWHxpYwILUg/Ixe6zi8W3gUcc5NKjUxRgez54A74NfOgh/o9CyxAM4GKxvi4u"
    "MDhxZVe47jOhLIA241en0KWIX3IQtQO8YJj4/Kofuq64SGzeEfuz9aXQx3+GyGJkhtgcBb"
    "zhy+/8MvYd9BXR5M/FnTXFyHVyj4odcW953WKrhbx24bMfZEdxt4llEzf0/HXnxYrNiZ/2"
    "xj4TV2fIRwFkSAzPglA8vni6+Hcmvyh60nWX6BEzMg6awtBlmZ87sdbXBpb14erWuhnfWt"
    "ZAAyCb+AJc/qhU/vqZeIS/j56/fPXy9YuTl695F/mY6ZVX36Nbr4GJBCU8H24H32U7ZDDq"
    "ITFeg3qPAioeaQPZ8zkM1NBmRAr48gcv4pugWQVwcmGN8PqtagNiD361XOTPmPg0RsfHFY"
    "D+5/T6/N3p9VPe62/iloR/BtHX8SFuGkVtAvU1yuKj0kA47t5DdJ8/e1YDXd6rFF3ZlkeX"
    "35Gh6NPOI/zTzdUHNcIZkQLKDrYZ+B9wMd3QFQeAdgW4Agwxskfpn24W06fvT38pwn1+eX"
    "UmwSGUzQI5ihzgjEMvFPT0LqNNxIUJtO+WMHCsjRYyImV9N5u8kVe8An04k0CKXyx+X7xk"
    "3aCAa6IbZAeIqZa0XHvlwkZlT4vKrrTWAjc4BQH0HeKBe+iGCLA5ZADxUVZgERAbUQrIFE"
    "AfYD49kL8uQg5Q/sUjejQoTOWjB3vEoir/r6Gakv670U37XVpzmunkZQ3FdPKyVC+JpgeW"
    "WjG5WgttItDHhWD0us5CMHpdvhCIts5oo5/IRKWExOVK3fMHmdTUOFc+AguMbCSUwZIEd0"
    "fgc4AZX8bAErM5WAqtgRmYEtclSwqmAfGGgN8Q8VcEUOJxxYL5f+CUoUB0xBQ4xEeb6qjR"
    "Oz2sq74MeIfoxefqjoUSH4fLQKnHQ27ac4kvmcYp9jGdI0f0kE1cbf6BbGZFXgDlGpSDGP"
    "8VDf57qUYMVX7GGZ6Vuhphz3yNf4xGL168Gj17cfL6+OWrV8evn6VOx2ZTlfdxdvGjcEBy"
    "3+/DHokK/nIdqcTerEbJarSGNf2m6iKbCvRx9Tmu5YYcV7ghxxtuSF7p1IU5L9VDrHf/Ku"
    "f1eV2g81LtAT0YHJZBlXul4colUAHzLfpashpmRHrxMleAejv+5bbao/ZWccvl1Ycfk+5F"
    "N7vwcmesmpovdirR4ksdIOisWnqzT+q82Cfl7/XJBh3HbVlvoSCMSm28jMTDdt6uQH7WrJ"
    "33SE55DefaNs+j+ZbjIRwBNaRrqSIDF4sdJf/omda4eD++uT19/zGnOt6e3o5FyyinNpKr"
    "T4tvdzoI+Hxx+w6IP8GvVx/GRc4u7Xf760A8EwwZsXyytKCTxSS5nFzKTa+LIOW+Vegz7O"
    "pOclF2B1MdG+Vmphuaae6a3yFFQKjKBS4I9kZFtuIKr/EXXAsKdNb+tYQxaOsYtCgIiALg"
    "cnM2FegBvm2bsjY3ElnEymkuG3lJYx90etVYhBM3pV81J7ooa+yDLs90lmfXnOiCqJnnrs"
    "1zR+JoHyM6dKCIpSVNw6p4WkynasTUKGYIkECE2p3QZkdgLCLvbM4nG/DRkYhezfmzA7iA"
    "AQOTFcCMAuyo42aPGm3HyXEmarLzGL46XaLcfNxtukSHVVwjVCj/lnTATvobsLcAO0AiIU"
    "4ESBy4UvDPpb7/puBW7n/HlvNdc6S2G1KGxC0tcRuGZisdhV0ivtWb3jWkG44WQpGkwg1P"
    "EuAZ9hVvdnmWqEK0/WzRwT+noW/LlL9JiF3GH+RI3O/fe6AJdpZDmtc8DrQVDsUZIS6Cfp"
    "nWSYQKMzLhUof3EVRRh1dXlznMzy6K6vzT+7Px9dPncgJ4J7EMqpXQQREybdqRh+695cJx"
    "IhFPrBRbxOTyosZL79o8d8tLP13gn9FqUO6rxx2GNTx2Cy6wdYdWtfPved+hTFCdY3sOiO"
    "+uAHeawc2707+Pjk+En32HFkyVbK8hWSdbNZ/BldGU5TmmxlvfoalX7q2bjLyWbGz+u5Ei"
    "N6DcVU8FegFv68SITRZaubypQC/gbjo9jK8P1hzSuQ7CWRmjqR9UGIfliXRGmRyCiZpLt/"
    "i6wHy4LaY5L2kckS7PcoDuyd1WH3Ne0sxyl2fZhZRZId1qnouyZqa7NtMdIRbGIt3uPZRJ"
    "jQpaIds8rCIVZNqe5cmetRmFKcRuGCAAGSA+Ah7xkM/k1nsQbx46AhcyWi84gujNkztisS"
    "8JhKSTgnLY5dAKTqJ6x2sEg/jj97rpBGYT7H43wRrmwuwl3KtT3UTy9VoPaUCdEzJI10M6"
    "ThcQfLoO1gWxHqI9qlV/alRRf2q0WX/qjv80La4o7t9DfF+MasD7YlSKrmgy1PIeqWV0jx"
    "3k21p5d1kZs01GG/I5VtWuK4c76W+g3iLJceHClUWmU4qY5SmSwap8HJV0e1sde+LzrCeD"
    "TGThvW34pIKoiQJ0jk8ywZ6/xDR3hDa8ifzxgbIMKE2qFVdVAJWdNHYN3WOKWZazEyyd7W"
    "Lksyd0qGDwYm5GvWvoUaPp8YFFCnCr/CVDDxp6sBP609CD/SGtzHavNj0hEuqhnQoYuLer"
    "6hZsZwLnJY0J3DkTOF8JLZDF2bWphYKgYRW2ZhXQPTeaqUUm0tRRBkCqmEyFsOHZtNVdSF"
    "GgnUKbE+oB6E3bpgGSZde0FvG1SA8Abj024t/jgPie8qyZCqWSFzPAawPP4Exr33bSvxub"
    "tcVte7RZW3BVqgPDKsIma5H2DJvnzVo1OysMIQ4AsRw8Q1ShVMoXy4JYD5SK2XJiXLAduG"
    "DhwtlymvOSZpo7N81dCTYxEiDnalJWpy7XPqwMO8mesbtZN03dB1F/kKSG80H4g74Bdxwr"
    "H8xRgMAETfnI8dFLy+jspiHg12ZEHuOUO5kpOrdJkbXe5J1qBK0yXvhDQatsfCs5Gkp+oS"
    "aa1RmKxkSz9m4CVZFi5UDviw1rL5r1bFQHatGt4ljakQke7jF4aHKwGyyIkC6ntd/hRKBF"
    "v3SBfEeAdKgY4/8ia7JiSDNylJczJ29sFzUy5EDphBy615grYB9tw9Upb5sV6c3XtTP2Um"
    "7s1z5UJS/VA+6yjYBIV9iPyDw9DRiewhICpNBlWCP11oJxb53TsKMa+9E2+ugkpCFAR7Mj"
    "yVbwH+CuKKaiGj8EYosSeSM33/PuCNpzIOZJMBWZPfgbHEhzt9HexZ8AFH0oZid/pyyJLh"
    "5n3SmnZPdkhmGNTA5072iMvJLXgHtDsIeIN3A2QIKaZp5gUc6YsPo5PQGezUStCU3irihn"
    "3vM6KvwgDhVvDeDdV6lY8t9FllpJahmRbuSp9epQkRS0LSi9oqwh9TpN6hnu9i8xzSaxq7"
    "fT3C1q8xotSMDO+XCDcnIz02lYh94MZH/L5gI1Gc6blbdgxBsCG4ZU8IwOmOKvuZqhTyhI"
    "whNHQFCVD7CZuxnycfUGDFFpiMpuaU9DVPYEaENUtliswTAKDecDRWu1DiuZETGEpD4hie"
    "y5j23oWgEhwlIL9fbWlsmbqdCvlhHOxMY27rJx81TrCygKGvC3+A6+MouGngcDrZhIUc5A"
    "rw39PaYh1x9bgL8paeDXhp/fflpW/fgHl8AS7PNiBdynQq4p5J8dNZUnWAH926tPZ5dj8P"
    "F6fH5xcxFT9ymFJBslBZCeQ309Pr007PyuXvxD4PMMO/+Xm2bDzvd2mjvCzp9Hh5OcuhhG"
    "ABaI+Vz7sIqTT445gaIrqn08mIcC/mAgln5Co3PEBYkeVeuVl/m/IQOYURAfPgb+INgH04"
    "B4opsP1OeD7XTsOgQ9CQMb1dpbzSB/tMw2bEPed5C8NxxzWxzz+sPRADov1UOgGzlXKaN5"
    "NLDOSxms62FtzHRjv7Viv72FqwrrTbTWst0cuKppuL0jS0CmshZNakgtIQVzLM5ilVu1+G"
    "BDUeTm0+35pnG2hXwNA6xw1B4fwWRKGGPrwDRj4yX7zDGWLZoADlSgLNZ+Ncpx96oF/wBx"
    "riK++QKuPtHWJqGqJHCVSi5K9qa0QMuFO5LsnZIpKC+bUpTrzQQ8qrZDt2zF98ibSPOpzF"
    "yMO9SyGD3ZtzbbF78g0sxLDT8VdVfeUXuLf3bhevCcrvwiJ0tqZI9FNFydMR87vtYa87FP"
    "5qPJvm0v+9acr9KC+qg27jto2Te/cu6sbtgUBwV7ZQPgatZZOYAhnztHPm8Ui3vEnKvkzZ"
    "R3bsq75UN+opUepGwe1vEfxfJZ23sUnYdxnfzJivuF3JhEDhCrLyC+uxrm3UUZPaAE8B+z"
    "ShxKegR+FMEFceqzzAIRr7/Yq8n/7akc0cbv+Zv/m3+LXJfKdhIyECAoau7yZkJROghYzq"
    "XDy+8lnkmU/vfREjCSvTkJxJMBF01FSktdfzlnw1S5y8b7Nd5vt9W88X775P0ekkd2wC/1"
    "AdL9KrSf79cT64iFdkFpiE5thu8xUyaF5DtUWmlYdLVg1BfXTeq9IR43NSILBjJukCwW/A"
    "1wpKniAznmGyAPMwD2HPozRIfc5hEGsjR0hmCKkCPAGEYZvPwKXbiYUUXtjUZvpTCd9OIH"
    "5qCkA7CdTIkOU6LjsIE2RmmbRqk5FKnBkp+HFe9qKQrTSLTLJ6rTp8o3wyf9e4Bu21vguY"
    "0KhfmxCfdPlPgC8s14V0akG4VsD/bAdTlH6n0ZE61yEHkp8x3ol4Iw22FMeKp58iMOQg3K"
    "uI+kffgw9RGbyLUjVHGVz4iNSCM3ZCo3tMSeDaDcjkFH4DQmKHibnZz1zLt4fJ11hiKoA3"
    "0Hi1c6Pg5aFZ1q/H41oke1jpJOjq6U0WaKkB9/ymF0uPS3wXqCC6JeKD780GfYFT0H6Osi"
    "oW+S1yGe5PjLStTCQHbmUyb+AJ/fja/HMRX0L/BEjvpk8N2wMh1lZQx50BJ5oEkaGLLAkA"
    "WdIQsOpJrnnuzGRopIMgHOTK9OQ0amF6A3f7BQBJh1z01P8WwbYJeHZBWiJlfWbHFrE1qZ"
    "gKGLa17IgFoE1WyK3fem2AAJxxP53IXE98jaLlJROUgPKMUWAhfRJoUMh6C/wyEjbLjEzn"
    "GJG7sbtpzroqyZ6k5PdcoR1vcrYOshyZQkbUmB7vwEDMgXnJmPtEK/WZkerFHt+8wcGUs3"
    "3p6XMrBvCfv2JZRV8jtYQmIq36wgu19BsqEizckuiJp5PpB5TjwoxaFZ5Q5xifhWjnHHpn"
    "nXtEOcLI9UwVBCXAT9Mj83I1cAdsIFm1q90ivtfkJnV1eXua/n7KK4Qn16fzbmtpr8bNbH"
    "eGwinoTkt1ixCqJGiXVZiaWTtS0TXT5Abxi+nakxk3nW22+qI5lnP/Ppe0dCZdZZ2jasyj"
    "gToX9rzrvVzDb7LHK+4lQvISv+neSDTZHrAj7DRLaKQd9kj7iIDsFY8gHQfVx4WdYkEGSZ"
    "PPRiM9es8bvVyDSbxxjKJAlTm6BTcRKTybX3tIHk86hpPyTdTXqAwmAweVsN5m2ZWPa+Y9"
    "km+6U5VyPeVasL7YacgbYIrQkGG0+ueU/u1EUBe4tczJ0VZQGVfIdhlU8HRVc+07Jv7QIq"
    "V9yLkpJgSgLpU1Hs3236ZBX9Hl26hLtqkcLJ1jAZgi8yLBbSYovxvjrqfe2vusl+wW/Y14"
    "o+bD1wszI99BNMAZmDBdoUkGlzT1i6tNbFORXoIcIN7J7hNpAOukl/A24NcCfEUagIUaND"
    "DW7Sv/0aJvtxtB5drUQMoMpkCxUZLtWpsaEqqaXJxMEF8kXd6kErr3YDmbGMIW/BdDKJsi"
    "KGrlHSNSgIiCIqUZ73mpcyea+myk47U3EIDFl+G5SP6XzLY15yoiZPrGvz3BEm9MbmL0ko"
    "f/IGCZq2Dav4Txr3qp3SIg8ET6QcsMDIRiLVZEmCu3XmyATNQn8ozuNYzjHvLNJKuNtvI0"
    "oBI+QuOfuikMGy28EfplhLSVH5fw1zLulviLkSB6Wc/+SWcLD1/o/ArIZGSz54JJII2KLg"
    "ljDoqjRlrr1SW9pRT65SeFeNWBGVsSWhySCIx5BHAckLc+5jk1kAvScUTEL7DjHKG4VSg6"
    "6bKDYuTbEoCyeOJ8L8LeFtUNxCHXRq+obKXMBECfLPSQBn8v8OJAK138WuU3xcI/UQ4u9B"
    "A+G1RIvu9bfv7RBDx8/r5KvxXqUYy7Y8xvfQDRUv8Q8ugSVKJJUoQDwVIo0xQ0dNcUMVkL"
    "69+nR2OQYfr8fnFzcXMf2ZGgeyUVxa73m6Hp9e7vu8nO//B0JZ2bk="
)
