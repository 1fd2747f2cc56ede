"""Alert sinks made over the API, the log of deliveries, storms; clustering rules, moves and what strategies learn;
what is limited by the day.

Projects that have clusters stay with the strategy that gave them their keys: `fingerprint` means its version 2 from now
on, and `fingerprint1` what it meant before.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_TABLES = """
CREATE TABLE IF NOT EXISTS "alert_sinks" (
    "uid" {serial},
    "id" VARCHAR(64) NOT NULL UNIQUE,
    "project_id" VARCHAR(64) NOT NULL,
    "name" VARCHAR(64) NOT NULL,
    "type" VARCHAR(64) NOT NULL,
    "settings" {json_text} NOT NULL,
    "rules" {json_text} NOT NULL,
    "enabled" {boolean} NOT NULL,
    "revision" INT NOT NULL,
    "created_at" {time} NOT NULL,
    "updated_at" {time} NOT NULL,
    CONSTRAINT "uid_alert_sinks_project_562aba" UNIQUE ("project_id", "name")
);
CREATE TABLE IF NOT EXISTS "alert_sink_states" (
    "sink" VARCHAR(64) NOT NULL PRIMARY KEY,
    "settings_digest" VARCHAR(64) NOT NULL,
    "failures" INT NOT NULL,
    "open_until" {time},
    "gone_at" {time},
    "last_error" TEXT NOT NULL,
    "updated_at" {time} NOT NULL
);
CREATE TABLE IF NOT EXISTS "alert_attempts" (
    "uid" {serial},
    "delivery_id" VARCHAR(64) NOT NULL,
    "project_id" VARCHAR(64) NOT NULL,
    "number" INT NOT NULL,
    "started_at" {time} NOT NULL,
    "duration_ms" INT NOT NULL,
    "outcome" VARCHAR(16) NOT NULL,
    "status" INT,
    "answer" TEXT NOT NULL,
    "error" TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_alert_attem_deliver_8f3a6d" ON "alert_attempts" ("delivery_id");
CREATE TABLE IF NOT EXISTS "alert_storms" (
    "uid" {serial},
    "project_id" VARCHAR(64) NOT NULL,
    "sink" VARCHAR(64) NOT NULL,
    "began_at" {time} NOT NULL,
    "accepted" INT NOT NULL,
    "held_back" INT NOT NULL,
    CONSTRAINT "uid_alert_storm_project_f0266f" UNIQUE ("project_id", "sink")
);
CREATE TABLE IF NOT EXISTS "clustering_rules" (
    "uid" {serial},
    "id" VARCHAR(64) NOT NULL UNIQUE,
    "project_id" VARCHAR(64) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "position" INT NOT NULL,
    "match" {json_text} NOT NULL,
    "action" {json_text} NOT NULL,
    "enabled" {boolean} NOT NULL,
    "created_at" {time} NOT NULL,
    "updated_at" {time} NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_clustering__project_c68520" ON "clustering_rules" ("project_id", "position");
CREATE TABLE IF NOT EXISTS "clustering_moves" (
    "uid" {serial},
    "project_id" VARCHAR(64) NOT NULL UNIQUE,
    "strategy" VARCHAR(64) NOT NULL,
    "strategy_version" INT NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "progress" {json_text} NOT NULL,
    "started_at" {time} NOT NULL,
    "updated_at" {time} NOT NULL,
    "finished_at" {time}
);
CREATE TABLE IF NOT EXISTS "strategy_states" (
    "strategy" VARCHAR(64) NOT NULL PRIMARY KEY,
    "state" TEXT NOT NULL,
    "revision" INT NOT NULL,
    "updated_at" {time} NOT NULL
);
CREATE TABLE IF NOT EXISTS "daily_uses" (
    "uid" {serial},
    "project_id" VARCHAR(64) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "day" DATE NOT NULL,
    "used" INT NOT NULL,
    CONSTRAINT "uid_daily_uses_project_884318" UNIQUE ("project_id", "name", "day")
);
ALTER TABLE "issue_clusters" ADD "recent" VARCHAR(128) NOT NULL DEFAULT '';
ALTER TABLE "alert_deliveries" ADD "sink_type" VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE "alert_deliveries" ADD "next_attempt_at" {time};
CREATE INDEX IF NOT EXISTS "idx_alert_deliv_project_a9abec" ON "alert_deliveries" ("project_id", "sink", "uid");
CREATE INDEX IF NOT EXISTS "idx_alert_deliv_project_8dad69" ON "alert_deliveries" ("project_id", "uid");
"""

# Sinks of the settings were named after their plugin.
_FILL = """
UPDATE "alert_deliveries" SET "sink_type" = "sink";
UPDATE "issue_clusters" SET "strategy" = 'fingerprint1' WHERE "strategy" = 'fingerprint' AND "strategy_version" = 1;
UPDATE "issue_clusters" SET "strategy" = 'fingerprint' WHERE "strategy" = 'fingerprint2';
UPDATE "projects" SET "clustering_strategy" = 'fingerprint1' WHERE "clustering_strategy" = 'fingerprint';
UPDATE "projects" SET "clustering_strategy" = 'fingerprint' WHERE "clustering_strategy" = 'fingerprint2';
UPDATE "projects" SET "clustering_strategy" = (
    SELECT c."strategy" FROM "issue_clusters" AS c
    WHERE c."project_id" = "projects"."id" AND c."strategy" <> 'plain' ORDER BY c."last_seen_at" DESC LIMIT 1
) WHERE "clustering_strategy" IS NULL;
"""

_DOWNGRADE = """
UPDATE "projects" SET "clustering_strategy" = 'fingerprint2' WHERE "clustering_strategy" = 'fingerprint';
UPDATE "projects" SET "clustering_strategy" = 'fingerprint' WHERE "clustering_strategy" = 'fingerprint1';
UPDATE "issue_clusters" SET "strategy" = 'fingerprint2' WHERE "strategy" = 'fingerprint';
UPDATE "issue_clusters" SET "strategy" = 'fingerprint' WHERE "strategy" = 'fingerprint1';
DROP INDEX IF EXISTS "idx_alert_deliv_project_8dad69";
DROP INDEX IF EXISTS "idx_alert_deliv_project_a9abec";
ALTER TABLE "alert_deliveries" DROP COLUMN "next_attempt_at";
ALTER TABLE "alert_deliveries" DROP COLUMN "sink_type";
ALTER TABLE "issue_clusters" DROP COLUMN "recent";
DROP TABLE IF EXISTS "daily_uses";
DROP TABLE IF EXISTS "strategy_states";
DROP TABLE IF EXISTS "clustering_moves";
DROP TABLE IF EXISTS "clustering_rules";
DROP TABLE IF EXISTS "alert_storms";
DROP TABLE IF EXISTS "alert_attempts";
DROP TABLE IF EXISTS "alert_sink_states";
DROP TABLE IF EXISTS "alert_sinks";
"""

_TYPES = {
    "sqlite": {
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
        "json_text": "JSON",
        "boolean": "INT",
        "time": "TIMESTAMP",
    },
    "postgres": {
        "serial": "BIGSERIAL NOT NULL PRIMARY KEY",
        "json_text": "TEXT",
        "boolean": "BOOL",
        "time": "TIMESTAMPTZ",
    },
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    """The statements that make the tables and columns and fill them, in the dialect of the connection."""
    return _TABLES.format(**_TYPES[db.capabilities.dialect]) + _FILL


async def downgrade(db: BaseDBAsyncClient) -> str:
    """The statements that remove them."""
    return _DOWNGRADE


MODELS_STATE = (
    "eJztXW1z2ziS/isofclcFdeVOC+TTd1dlZ14Jt5N4inbudna2SkVJEIixhShJUArurn89w"
    "PAF5EUSBOySFF0f5mJyW6SekA2up9uNP4cLZhLfH5yRkI69Ubv0J+jAC+I/EfpjINGeLnc"
    "HFcHBJ74WhRvZCZchHgq5NEZ9jmRh1zCpyFdCsoCeTSIfF8dZFMpSIP55lAU0H9HZCzYnA"
    "iPhPLEb7/LwzRwyTfC0z+Xd+MZJb5beFTqqnvr42OxXupjl4H4SQuqu03GU+ZHi2AjvFwL"
    "jwWZNA2EOjonAQmxIOryIozU46unS35n+oviJ92IxI+Y03HJDEe+yP3cyXhzbDQef7m6Hd"
    "9c3I7HIwuApixQ4MpH5frXz9Uj/OX0xasfX719+ebVWymiHzM78uP3+NYbYGJFDc+X29F3"
    "fR4LHEtojDeg3pOQq0faQva9h0MztDmVEr7ywcv4pmjWAZwe2CC8eau6gHiBv419EsyF+j"
    "ROX7+uAfR/zq7ffzy7/kFK/Ye6JZOfQfx1fElOncbnFOoblNVHZYFwIj5AdF88f94AXSlV"
    "ia4+V0RX3lGQ+NMuIvy3m6svZoRzKiWUXToV6P+QT/mWrTgCtGvAVWCoKy84/7efx/SHz2"
    "f/KMP9/tPVuQaHcTEP9VX0Bc4l9MpAz+5y1kQdmODp3QqH7njrDDtlVbLbpxani/IRHOC5"
    "BlL9YvX7kinrhoTSEt2QaUiEaUornK+d2LiWHHMtyhtNcKMzFOLAZQt0j/2IIOFhgYi8yh"
    "otQzYlnCM2QzhAVA4Plq+L0kNcfvGEn4xKQ/noiz1iUtX/tzBNqfx+bNNhp9aCZXrzqoFh"
    "evOq0i6pUw9MtWpwrSbaVGGIE8Hp2yYTwenb6olAneuNNfobm5iMkDpca3v+YJOGFucqIG"
    "hJyZQoY7Bi4d0J+jWkQk5jaEWFh1bKalCBZsz32YqjWcgWDpI3JPIVQZwtpGGh8j94Jkio"
    "BClHLgvItjlq9U4P26rfRlIgfvGluRORxseVOljb8Ui69lLjt9zJGQ0o94irJPQpaTb/IF"
    "MxjqMALi2oBDH5K77475UWMTLFGed0XhlqRAOLNf56evry5Y+nz1++efv61Y8/vn77PAs6"
    "tk/VRR/nlz+rAKTw/T4ckZjgr7aRRuxhNkpnow2s2TfVFNlMYYizz+tGYcjrmjDk9VYYUj"
    "Q6TWEuag0Q6/2/ykV73hToolZ3QI9Gx+VQFV5pvPYZNsB8S75VzIY5lUG8zDWg3l7847Y+"
    "ol6skzOfrr78nIqXw+zSy53zahq+2JlGhy91SLC77ujNftPkxX5T/V6/2aLjpC+7WBoIo0"
    "ofL6fxsJ+3L5Cft+vnPZJT3sC58c2LaH6QeKhAwAzpRqvMwCVqJ+k/BmY1Lj9f3Nyeff6l"
    "YDo+nN1eqDOnBbORHv2h/HZnF0G/Xt5+ROpP9M+rLxdlzi6Tu/3nSD0TjgQbB2w1xm4ek/"
    "RweqgwvD7BXMZWUSCobzvIZd09DHXilMNItzTSMjS/I4aEUF0IXFIcjInsJBTe4K+4FhLa"
    "zP0bDXBomzi0JAyZAeBqdzZTGAC+XbuyU+kkipiVs5w2iprgH/R61lhGEz+jXy0HuqwL/k"
    "GfRzrPs1sOdEkVxrlv49yTPNovMR06MuTS0lNOXT4toVMtcmqcCoJYqFLtbjQVJ+hCZd6F"
    "JwcbyasTlb3y5LMjvMShQJM1ooIj6przZo+62p6L4yBrsvccvrlcotp93G+5RI9NXCtUqP"
    "yWbMBO5QHsHcAOiSqIUwkSF68N/HNl7L+tuFP437PpfN8c6dSPuCDqlmN1G0HmaxuDXaG+"
    "05veN6RbzhZiVaQiHU8W0jkNDG92dZWoQbX7atHRf86iYKpL/iYR9YV8kBN1v/8+AE2wtx"
    "rSouVx8dQQUJwz5hMcVFmdVKk0IhOpdXwfQR11eHX1qYD5+WXZnH/9fH5x/cMLPQBSSE2D"
    "ZiN0VIRMl37ksUdvhXScKsRTM8UOObmiKkTpfRvnfkXpZ0v6d7IeVcfqiYDTIGIf4yUd35"
    "F14/p7KevoAlWPTj3EAn+NZNCMbj6e/eX09RsVZ9+RpTAV21toNqlWLVZw5SxldY0pROt7"
    "dPWqo3WoyOvIx5a/mxhqA6pD9UxhEPB2ToxM2dKqljdTGATcbZeHyflh7GHu2SCc1wFL/a"
    "DBOK5IpDfG5Bhc1EK5xbcllZfbYZiLmhCI9HmUQ3LP7nb6mIuaMMp9HmUfczGO+E7jXNaF"
    "ke7bSPeEWLhQ5XafsS5qNNAK+dNOHamgy/bGCy3ZmFGYYepHIUFYIBYQtGALEgi99B4li4"
    "dO0KXO1iuOIH7z9IpYGmgCIRUyUA77vLSBk6hf8RrDoP74vWk5ASyCPewiWGAuYC3hQYPq"
    "NoqvN3bIAuqCEiDdDOmkXEDx6TZYl9QGiPZpo/5TpzX9p063+0/dyZ9mxRUl8gPE9+VpA3"
    "hfnlaiq04BtXxAapncU5cEU6u6u7wOLJOxhtyjpt511XCn8gD1DkWOSx+vx2w240SMF4Zi"
    "sLoYx6Td3VLHgcQ8m8FgE914bxc+qaQKWYDe8UmQ7HkSw9wT2vAmjsdHxjagPO1WXNcBVA"
    "tZrBq6p5yKPGenWLqpT0kgnnHHwOAl3Ix51dCjrmbHB5YpwJ3ql4AeBHqwF/YT6MHhkFaw"
    "3KvLSIhFdmhnCgD3bl3dwt1c4KImuMC9c4GLndBC3ZzdmlooKQKrsDOrQO6l08zHbKJdHW"
    "MCpI7JNCgDz2Zt7iJOQusS2oLSAEBv2zcNiW67ZjWJb1QGAHDnuZHgnoYsWBj3mqkxKkU1"
    "AN4aeIHnVuu2U/l+LNZWtx3QYm3FVZk2DKtJm2xUunNsXrTr1eytMYTaAGTs0jnhBqNSPV"
    "mW1AZgVNqfLpcsFGP7/tpbisPrurH/NVQJaPKus6qCgp98hqszrdvaJdhnSv34gK8B+sPV"
    "1/NPF+iX64v3lzeXifHO4lt9UpP5WYeH64uzTxVv+XqxFGxh5xuWNYfwnnftqkCuc6ehOD"
    "aiJ1q6Ow5zUROGuXfD3JeUtmAhca8mVd0wC+ed2uS2lkxIraaLYQIUy6N0AYq8iHzQd+hO"
    "YhUgj4QETchMXjnZ4G0V7xDnIHlszvRmcYX93+Ld4QxrY9q8U4PUeI7reyg1ns+ipxvQ6S"
    "8Ucua9IYIhZ37wQKuOeq8G+lCce3cx1vPTJlArsZrNr0+hROGAJQqw0qNFyiCbThu/w6lC"
    "h+zXkgSuAulYMab/S8aTtSCW+emiHuzvs1tuGsiBygE59qixsE1GvNjfpol2XmUwX9feci"
    "S6fYj11k1FrQFkSLrgMvvCfsTu6Vko6AxXECAlEadBgf8YJ9IWlf7JTh5xs454vzUHkZP5"
    "iWYr5A/w15xytecHRmohJHunW3xIcYKnHlLjpJiKXKePLQ6kvdtY9wpJAYo/FOgX0itPop"
    "rcOFxD2V4FJfsnM4A1gpUWg6MxikbeAu4txQEi3sIOJClqltXIZT1wYe0rB0M6n6uONpbE"
    "XVkP3vMmJty6tOqRNVX9Bnj/vXBW8nexlVUpbE6lH9Wwg9q6KANtB0qvrAukXq9JPeBun8"
    "QwQ2HXYIe5J9TmB0z99VdORgZOMzvn1JGZrpJS7bQbspi/elggnPYMQR7mSPXiRnJaVhSi"
    "i9eOKr76evteb4vE2YLEGxYLpUi59BEWVL6mardiRUZKhW0Os62bNGAw0012pQowlsfCWA"
    "Kx1lFUZt6yuhriQW1ZXS7BatL99UVN99cX291fldUxugpmeBPxOv/gCHGuW9Ui5/vt5eGG"
    "r77a8ibikBi/7V2G9lqvGnovL2fyZ7aFah2blM1Pl39JhYYuzk28aslBUyzfFoQDF83ot8"
    "IGC884SqssTpDKuD6QlN3PJR/XnA28l556L5BvhXzrcQMN+dYOO9tBYqTlsmb75c6PXef8"
    "xPOqZOoFdIr9cciY8tQiu0ZEVfowFPatBaO56gJCpO9Pv1l9AWVFAH+H7+CbGPNoscChVW"
    "lHWQ+gt4b+nvJI2o8dwN/WBPjtG13s1tllLy1dduN0TtpidVpu6QJFBoNOS0KRwZMbZigy"
    "GOww94Sdfx/v5HjmUxwDWCLmC+edOk4+3RMSK9GmFQdnaEFC+WAo0X7G0R1ZO5pEj7c20Y"
    "eT3L/gKNmpGf3BaIBmIVsoMVU5YNpMea/XbkLQsyickkYtYgSWj5brJgPkfQ/Je+CYu+KY"
    "Nx+OBdBFrQEC3comtDnLY4F1UQuwboY1uOngv3Xiv33A6xrv7UNcSvSw7+bidUPH7SNbIT"
    "bTLfUyR2qFOfKoMFRybjtnO+g3cMBK+5JDnSc4W8dnGdt2tkofSVOkS2oDhLoVFwCqPq2r"
    "PuM4XIISmfZPqTPJZc3BFIJ23H8srd6pGILq7m9lvcEMwBAqcRNv8DNZTLT7VOUuJgKNPM"
    "aFlm3M9iUviHbzMsfPRN1VC1p3KspPXA9ualyc5HRnsPwe8sDVgfvY87kW3MchuY9Qfdtd"
    "9S1sRtmB+ah37nvo2bc/c+6t/emMhiV/ZQvgetbZeAEgn3tHPm/1vH3EmJv0Ych7N+T9ii"
    "G/8toIUp92msSPavpsHD0qYSfZ7meylnGhdCaJq1pIeIgF/tophos6e8AZkj9mnQaU/AT9"
    "rJILKyo8XQWiXn+1VlP+e2EKRFu/57+CfwW3xPe5Ps8igUKC3bjhBeMkuwhaeTrglfdSz6"
    "Q6YQRkhQTL35yFuqGGT2aqpKVpvFzwYerCZYh+Ifrtt5mH6HdI0e8xRWRH/FIfId1vQvvF"
    "YSOxfnlo8td+ZvekxklLJZr4aVJ2vJDCjV21tL0XC3Rp7Qqv44pa5QdtronUhQSZr7UbEz"
    "DloJicsEdezeACgWMDjo2dVTrsYLTekTn+cqxI5pwOTLMWII/vZcyrns1ipjWoAgVqqlw4"
    "ig4aozAKgiPeHVDaV8VnmRqMcxaoBdUmk5yp9KPBuLrtUTYY1+uut177cLdC86ImEL+9I3"
    "5hPeiTG+YZDSj3dszgFVT3MNCJmwvjPMQ8jkT6OvIfYAm0hNOQJQil8G7txjlec4QnKgOi"
    "gvy0YSaakBkLSX7JbiHWp1KJ3xH3wU7j+7j+w0xCObci3xmqfzCUDlZ6/0+2R+egOYX+UD"
    "eHjnGhcXtndYFtNG7PTPgWxpUWOq8CPI2Bp1lgMTVk9Srpg0weuIN9cwd4an65K8diowCD"
    "se/BIIFCx+QPMuYTHJjNTU6rNCQTqdbWWKTOSreon19dfSqgfn5Z7kL49fP5hbTyegg2Hf"
    "O2jRC0Z9hlAI4izAbW7EkMc0/YlEvOI3Imp6V7KoyNOIoCTh2XQpXoGMeytCmXclPcJs2T"
    "15dvohtXQiB9zXdIpboImno4mBPuoJDojIwqLnXQjBBXgeHEXdPkEb6UlpMb9jtp9Vb2DE"
    "upti5nmoFyqXTknyzlcug4CkiXYQANhcBdFgLfyZ9mA3MqP0B8979b/HGtMe5o5WsrK4wD"
    "Jqx2P0nlB4BuXaTRxrYD0kfFyv2w4RhzKsBs7ZvZSv3yidUWHEUt+A7st98AjgvIj/bJj6"
    "RaZFTFfaTnnYepj8RFbrzUJCnkiNmIbLUsm+nVIVnxh/RjyAk6SwgKeW5KENX7yUuRhZxn"
    "XUctpMWBS9UrnVSFmBajtH6/Bit2m/Sy0hSM+ode4c8JCZJPWXEZvysbsRngkuoiUh9+FA"
    "jqK8kR+bZM6Zv0dUgGOfmyUrMw0sJyyNQf6NePF9cXCRX0X+iZvuqz0XdgZXrKygB50BF5"
    "YEkaAFkAZEFvyIIj2UH1QH5jKxt3wuI8WJw3hKKvI+wz0Oe2wludMmxxLSoBqNtFitCI/L"
    "CNyEOiAk8SyBCS3pPxbpmK2osMgFLsIHERN4bMcQh2a9JKysAl9o5L3OooueNYl3VhqHs9"
    "1BlH2DyuwJ2nJDOStCMDuvd2CVhOOPOAWKV+8zoDmKO6j5klMmPbfHtRC2DfEfbdC65N+r"
    "CGvc8zSD5VZDnYJVUY5yMZ5zSCMrT/qQ6IK9R3Cox7Nsz7ph2SYnnrVWAFvQ7XgWVHjnYh"
    "WJqS32HGKqmCEeuzEcsGa1cmuvoCg2H49mjGpsQEbh1Rl2ocOGXVbzIOSvoGa6x6UtL3dz"
    "l8H1lkLOfLzjl1pXyqpmLsSTGbXlBJDZ3SVf9OC+1mxPeRHGGmz6qLvtMdnOIkC3cQlvIr"
    "eQFyn+wirjfYUCyk6uoUVHSGavNuDUr4vARDXX0CG230KgEFJXIHr8dIP4+GjlkqDnUXBk"
    "8MCuJaLIiDIoFDFwlAWVFrliNdrmwL7ZYeQFuGFrLsEMm1H8ndJLWpNzpvbwjnigJOXUyX"
    "1bnqLJ1dk19TZ914p0IcBqKyd28DtUds7tOPwuoBNoGtjp8qCk4eSMkPxhntOh8fkntqWc"
    "2eV+lu1n5xJLM29JKDGbvdGfvMJ6E4E4IslsI0YRfO187XWEnK902LNpyurwKCEg2kZ2B5"
    "VXpPwvX2FF0vCnvu9Tx+rp6j03G0JDlLam3N18fvHQGb3H2L/GgxITZ88kYBGGXzNnuw39"
    "gw3aD8MLuRBF5RpAubWr+SFnxAhg+IRWLK7LbtyKkM0Obvf9VF1VagNeu4K3YChapUFU0E"
    "fGWaQmuWsGQasJLCmrkhYcis0M4UAOxGYPcp3P+QhE6jqng/E3AeDviTOKxx63gdxytNNG"
    "OhLnriNLiriPfNco9u2k7uk8LPfPd2B/2Ws8nlM8XrJT3NtnqgySfMTgPh0FPCATbgG7UR"
    "9MbmwA7cvM4AvUygcI4WaGi432UPvWxCbopzpjBAhFvoNpb4JY2rDhJ5ALchuDFElghnSk"
    "NZfrR/bCfMNZhf1S/eDGsq330//cNQvI/unK8uYOqqYGKy6tu0GKmsNtmAJQlcBVsnZqOF"
    "Li25RHlDxjCvAhWuxgpXax6rqAVkljVzGEho06qPHRJ0BnVY1N7nJB0sB34SwzyjAeXeTu"
    "NcUoXPuW/j3KdcxI0MhK71s5lTEel55+FMhIqpGm/jooTjPVXUmuoFdgliaoW18Ag6++XS"
    "Ke2wcoJuPcaJOqokOBFCviEcefieoIChkK1Mm7e0dJcG6701lrDOG1ISvQYf2PJhAK3/bw"
    "FxKg/gNgDXllvsCa14HOCmc6yBZazauDOvAht3Pop+NGzcGUY+sRmNTB6GYt9DQQKFjm1f"
    "yJxWh10hU7flaJtCwtrJfTeTAKJqqAQGLJF9EsPcN56qsqtFScJpxlXZN7bY1NrGlNCMRa"
    "qbYCQQnuj/asLJQSuP6XaB8n2Y0XkUEhdRcYK+aAZJ/j4mPNXjYoLdilYYLd3oMc0zDlrC"
    "MkCWpKZpRhLfjF06J9yqLMugClFogyg06QZqUwyQV4FigK0Fb0sS7LZNRFETkld9cwryoz"
    "xnAdnB8cupwfj2eXyhpOcgJT0QUg326+pVSCVYuBhVhlP6rNMglFKCDaOoj2yF5EOt45WF"
    "XCXacZp8T4IaNGcC0QDhQHdjjxuwe6neioQEefI3IgXEdvTUxg0aZPt1tAPZ/iPJ9kNaGt"
    "a9HD+4EzLHu3QTzuuBh9A7D6GwRmE6JUthygBWr1HIqQAtUaYl1MQ+VhO7BaIFHYD0tj/N"
    "NG6mHnEj35gSyM7VerA8kWqcBCCB8iITLRctKZnqctEVC+82uwNJExsFDppId9KjUlhR9N"
    "J9mBLOkWDsTpH0BuJ/vxd/BNl/2HKyp0X2Q2u9oc7kPbGS79WmHCS8ZQL7JktZOF9rLaex"
    "pDQpUtSi3RCPM5k6Fk+u4SDVVEgd8CiXJirEi2ccTaLpHRHciYv0se+nhk1qy9hAWkNVlk"
    "/lWyLP6aaD5r5Fbd/QyAikRlB+Tgo4YAOOhA2A2ul29y9NvgcLhDcaHSYP/vzeVvqgiPHr"
    "F032JJNSlRjrc0WM77EfGV7in3yGK4xIplGCeKZUWotpTtqKamog/XD19fzTBfrl+uL95c"
    "1lUqWbOQf6pKZws9rQ64uzT4cOcr7/P9pwdrg="
)
