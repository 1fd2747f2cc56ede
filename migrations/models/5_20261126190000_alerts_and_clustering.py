"""Alert sinks made over the API, the log of deliveries, storms; clustering rules, moves and what strategies learn.

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
    "eJztXW1z2ziS/isofclcFdcVK6+bursqO/FMvJvEKdu52drZKRZEQhLHFKElQCu6ufz3A8"
    "AXkRRIE7JIUXR/mXHIbpJ6QDa6n240/hwtqEt8dnJGQs+Zj96hP0cBXhDxR+mMhUZ4udwc"
    "lwc4nvhKFG9kJoyH2OHi6BT7jIhDLmFO6C25RwNxNIh8Xx6kjhD0gtnmUBR4/46IzemM8D"
    "kJxYnffheHvcAl3wlL/7m8s6ce8d3Co3quvLc6bvP1Uh27DPjPSlDebWI71I8WwUZ4ueZz"
    "GmTSXsDl0RkJSIg5kZfnYSQfXz5d8jvTXxQ/6UYkfsScjkumOPJ57udO7M2xkW1/ubq1by"
    "5ubXtkAJBDAwmueFSmfv1MPsJfxqcv37x8++L1y7dCRD1mduTNj/jWG2BiRQXPl9vRD3Ue"
    "cxxLKIw3oN6TkMlH2kL2/RyHemhzKiV8xYOX8U3RrAM4PbBBePNWdQHxAn+3fRLMuPw0xq"
    "9e1QD6P2fX7z+eXf8kpP5D3pKKzyD+Or4kp8bxOYn6BmX5URkgnIgPEN3T588boCukKtFV"
    "54roijtyEn/aRYT/dnP1RY9wTqWEsus5HP0f8j22ZSuOAO0acCUY8soLxv7t5zH96fPZP8"
    "pwv/90da7AoYzPQnUVdYFzAb000NO7nDWRBybYuVvh0LW3ztAxrZLdPrUYL8pHcIBnCkj5"
    "i+XvS6asGxIKS3RDnJBw3ZRWOF87sTElaTMlyhpNcKMzFOLApQt0j/2IID7HHBFxlTVaht"
    "QhjCE6RThAnhgeLF4XqYeY+OIJOxmVhvLRF3vEpKr+b2CaUvn92KbDTq0Fy/T6ZQPD9Ppl"
    "pV2Spx6YauXgGk20qcIQJ4Lx2yYTwfht9UQgz/XGGv2NTnRGSB6utT1/0ElDi3MVELT0iE"
    "OkMVjR8O4E/Rp6XExjaOXxOVpJq+FxNKW+T1cMTUO6sJC4IRGvCGJ0IQyLJ/6Dp5yEUtBj"
    "yKUB2TZHrd7pYVv120gIxC++MHc8Uvi4QgcrOx4J115o/JY7OfUCj82JKyXUKWE2/yAOt+"
    "MogAkLKkBM/hVf/PdKixjp4oxzb1YZakQDizX+Oh6/ePFm/PzF67evXr558+rt8yzo2D5V"
    "F32cX/4iA5DC9/twRKKDv9pGarGH2SidjTawZt9UU2QzhSHOPq8ahSGvasKQV1thSNHoNI"
    "W5qDVArPf/KhfteVOgi1rdAT0aHZdDVXil8dqnWAPzLfleMRvmVAbxMteAenvxj9v6iHqx"
    "Ts58uvrySypeDrNLL3fOq2n4YmcaHb7UIcHuuqM3+3WTF/t19Xv9eouOE77sYqkhjCp9vJ"
    "zGw37evkB+3q6f90hOeQPnxjcvovlB4CEDAT2kG60yA5eonaR/DMxqXH6+uLk9+/y1YDo+"
    "nN1eyDPjgtlIj/5Ufruzi6BfL28/IvlP9M+rLxdlzi6Tu/3nSD4Tjji1A7qysZvHJD2cHi"
    "oMr08wE7FVFHDPNx3ksu4ehjpxymGkWxppEZrfEU1CqC4ELikOxkR2Egpv8JdcCwlN5v6N"
    "Bji0TRxaEoZUA3C1O5spDADfrl1ZRziJPGblDKeNoib4B72eNZbRxM/oV8OBLuuCf9Dnkc"
    "7z7IYDXVKFce7bOPckj/Y1pkNHmlxaesqqy6cldKpBTo15nCAaylS7Gzn8BF3IzDufi8FG"
    "4upEZq/m4tkRXuKQo8kaeZwhz9XnzR51tT0Xx0HWZO85fH25RLX7uN9yiR6buFaoUPEtmY"
    "CdygPYO4AdElkQJxMkLl5r+OfK2H9bcafwv2fT+b45UsePGCfylra8DSeztYnBrlDf6U3v"
    "G9ItZwuxLFIRjicNvZkXaN7s6ipRjWr31aKj/5xGgaNK/iaR53PxICfyfv99AJpgbzWkRc"
    "vjYkcTUJxT6hMcVFmdVKk0IhOhdXwfQR11eHX1qYD5+WXZnH/7fH5x/dOpGgAhJKdBvRE6"
    "KkKmSz/y2KO3QjpOFuLJmWKHnFxRFaL0vo1zv6L0s6X3d7IeVcfqiYDVIGK38dKz78i6cf"
    "29kLVUgercc+aIBv4aiaAZ3Xw8+8v41WsZZ9+RJdcV2xtoNqlWLVZw5SxldY0pROt7dPWq"
    "o3WoyOvIxxa/m2hqA6pD9UxhEPB2Tow4dGlUy5spDALutsvDxPxgzzGbmyCc1wFL/aDBOK"
    "5IpDfG5Bhc1EK5xfelJy63wzAXNSEQ6fMoh+Se3u30MRc1YZT7PMo+ZtyO2E7jXNaFke7b"
    "SPeEWLiQ5XafsSpq1NAK+dNWHamgyvbshZJszChMsedHIUGYIxoQtKALEnC19B4li4dO0K"
    "XK1kuOIH7z1IpYL1AEQiqkoRz2eWkNJ1G/4jWGQf7j96blBLAI9rCLYIG5gLWEBw2q2yi+"
    "3tghA6gLSoB0M6STcgHJp5tgXVIbINrjRv2nxjX9p8bb/afuxE8z4ooS+QHi+2LcAN4X40"
    "p05Smglg9ILZN7zyWBY1R3l9eBZTLGkM89Xe+6arhTeYB6hyLHpY/XNp1OGeH2QlMMVhfj"
    "6LS7W+o4kJhnMxh0ohrv7cInlVQhC9A7PgmSPU9imHtCG97E8fhI2waUpd2K6zqAKiGDVU"
    "P3HvN4nrOTLJ3jeyTgz5ilYfASbka/auhRVzPjA8sU4E71S0APAj3YC/sJ9OBwSCtY7tVl"
    "JEQjM7QzBYB7t65u4W4ucFETXODeucDFTmihas5uTC2UFIFV2JlVIPfCaWY2nShXR5sAqW"
    "MyNcrAsxmbu4iR0LiEtqA0ANDb9k1DotquGU3iG5UBANx5biS490IaLLR7zdQYlaIaAG8M"
    "PMczo3XbqXw/FmvL2w5osbbkqnQbhtWkTTYq3Tk2p+16NXtrDCE3ALFdb0aYxqhUT5YltQ"
    "EYlfanyyUNuW3eX3tLcXhdN/a/hioBTdx1WlVQ8LNPcXWmdVu7BPtUqh8f8DVAf7j6dv7p"
    "An29vnh/eXOZGO8svlUnFZmfdXi4vjj7VPGWrxdLThdmvmFZcwjvedeuCuQ6dxqKYyN6oq"
    "W74zAXNWGYezfMfUlpcxoS92pS1Q2zcN6qTW4ryYTUaroYJkCxPEoXoIiLiAd9h+4EVgGa"
    "k5CgCZmKKycbvK3iHeIsJI7NqNosrrD/W7w7nGZtTJt3apAaz3F9D6XG81n0dAM69YVCzr"
    "w3RDDkzA8eaNVR79VAH4pz7y7Gej5uArUUq9n8egwlCgcsUYCVHi1SBtl02vgdThU6ZL+W"
    "JHAlSMeKsfe/xJ6sOTHMTxf1YH+f3XLTQA5UDsixR42FbTLixf4mTbTzKoP5uvaWI1HtQ4"
    "y3bipqDSBD0gWX2Rf2I3ZPz0LuTXEFAVISsRoU+Ns4kTao9E928oibdcT7rVmInMxOFFsh"
    "foC/Zh6Te35gJBdC0neqxYcQJ9iZIzlOkqnIdfrY4kDau41xr5AUoPhDgX4hvfIkqsmNwz"
    "WU7VVQsn8yA1gjWGkxOBqjaOQN4N5SHCDiLexAkqJmWI1c1gMX1rxyMPRmM9nRxpC4K+vB"
    "e97EhBuXVj2ypqrfAO+/F85K/C66MiqFzan0oxp2UFsXZaDtQOmVdYHU6zWpB9ztkxhmKO"
    "wa7DD3i9q8VuW278XlRtXkZk7IakJvpnXTQqEhw3kTl/tayMERkzyji6be90Jn4mcMpemJ"
    "EySpygfYzP1c8nFdTYCoBKKyX9YTiMqBAA1EZYctYYBRaLkeyHyd0GMXCD1xQpI488BzsG"
    "+HlEpPLTJbwV+lD0Nh3pMnmsnlsyJkE+6p0RdQVgTwd/gOvnObRYsFDo1yImU9gN4Y+nuP"
    "RcJ+7AD+tibAb75CdLcl0XtZC71bleBJW3WCLa+FBnZ+0HwesPNPbpiBnR/sMPeEnX8fb4"
    "F05ns4BrBEzBfOW3WcfLqZEpaipPEmhAsSigdDifYzhu7I2lIketwTXB0Wf2OOPM5QssUh"
    "+oN6AZqGdCHFAqTfhXCv125C0NModEijtdUci0fLLcMG8r6H5D1wzF1xzJsPxwDootYAgW"
    "5l97ac5THAuqgFWDfDGtx08N868d8+4HWN9ybPNvLdXLxu6Lh9pCtEp6oXTeZIrTBDc0/u"
    "+KyWaomLWbLJzbfb99vO2Q76DRyw0oae4gpQKQHO1pFZxradLdgst0sXwMUalOXcr0c5Ea"
    "+b8I8Q5zriW0zg+n2zHRrpGo/XmeSy5mBaC3TcuCOt3qkYguq2KWW9wQzAo3o79MtX/EwW"
    "E+U+VbmLiUAjj3GhZBuzfckLoty8zPHTUXfVgsZL/PMT14O7ARYnOdVSI7/5KnB14D72fK"
    "4F93FI7iNU33ZXfQu7OHVgPuqd+x569u3PnHvrGzb1wpK/sgVwPeusvQCQz70jn7eaxT1i"
    "zHX6MOS9G/J+xZDfWG0EqU5bTeJHOX02jh6lsJX0yZ+sRVwonEniIjn7Ihr4a6sYLqrsAa"
    "NI/Jh1GlCyE/SLTC7IveVVFYh8/eVaTfH3QheItn7PfwX/Cm6J7zN1nkYchQTLnrviNGUk"
    "uwhazVXAK+4ln0m2/g/ICnGavzkN5ZMhn0xlSUvTeLngw9SFyxD9QvTbbzMP0e+Qot9jis"
    "iO+KU+Qrpfh/bpYSOxfnlo4td+pvekxklLJZr4aULWXgjhxq5aMrXIWg5ZWrvC67iiVvpB"
    "m2sieSFOZmvlxgRUOig6J+yRV9O4QODYgGNjZpUOOxittzKMvxwjkjmnA9OsAcj2vYh5zf"
    "aU1qkCBaqrXDiKDhqjMAqCI95WR9hXyWfpOnMyGsgF1TqTnKn0ozPn0e5Tr9Zdb7324W6F"
    "5kVNIH57R/zCetAnN8xTL/DYfMcMXkF1DwN9RBucH8M4944luI78B1gCJWE1ZAlCIdyQJf"
    "hVLrzFWXDP8JohPJEZEBnkpw0z082Qc0t2C7G+J5TYnW6r5Rau/zCTUM6tiHfGUz8YSgcr"
    "vf8n26Nz0JxCf6ibQ8e4LQOt/m8AcSo/QHBPG2WhTmuyUKfbWajMhG9hXGmh8yrA02h4mg"
    "XmjiarV0kfZPLAHeybO8CO/uWuHIuNAgzGvgeDBBIdnT9IqU9woDc3Oa3SkEyEWltjkTor"
    "3aJ+fnX1qYD6+WW5C+G3z+cXwsqrIdh0zIP9qZ9QmA2s2ZMY5p6wKZeMReRMTEv3Htc24i"
    "gKWHVciidFbRzLek25lBu6IHweV41ijubi+uJNdONKCKSu+Q7JVBdBzhwHM8IsFBKVkZHF"
    "pRaaEuJKMKy4a5o4wpbCcjLNfiet3sqcYSnV1uVMM1AulY78k6VcDh1HAekyDKChELjLQm"
    "DT/WwHvI/t/rdZPa41xh2tfG1lhXFAudHuJ6n8ANCtizTa2HZA+KhYuh8mHGNOBZitfTNb"
    "qV8+MdqCo6gF34H59hvAcQH50T75kVSLjKq4j/S89TD1kbjIjZeaJIUcMRuRrZalU7U6JC"
    "v+EH4MOUFnCUEhzjkEeVxWdwiRhZhnXUsupMWB68lXOqkK0S1Gaf1+DVbsNullpSgY+Yda"
    "4c8ICZJPWXIZv0sbsRngkuoikh9+FHDPl5Ij8n2Z0jfp65AMcvJlpWZhpITFkMl/oF8/Xl"
    "xfJFTQf6Fn6qrPRj+AlekpKwPkQUfkgSFpAGQBkAW9IQuOZAfVA/mNrWzcCYvzYHHeEIq+"
    "jrDPQJ/bCm91yjDFtagEoG4XKUIj8sM2Ig+JDDxJIEJI757Yu2Uqai8yAEqxg8RF3Bgyxy"
    "GYrUkrKQOX2Dsucauj5I5jXdaFoe71UGccYfO4AneeksxI0o4M6N7bJWAx4cwCYpT6zesM"
    "YI7qPmYWyNim+faiFsC+I+y7F1zr9GENe59nkHyqyHCwS6owzkcyzmkEpWn/Ux0QV6jvFB"
    "j3bJj3TTskxfLGq8AKeh2uA8uOHO1CsDQlv8OMVVIFI9ZnI5YN1q5MdPUFBsPw7dGMOUQH"
    "bh1Rl2ocOGXVbzIOSvoGa6x6UtL3dzF8H2mkLefLzll1pXyypsKeCzGTXlBJDZ3UlX+nhX"
    "ZT4vtIjDBVZ+VF36kOTnGShVkIC/mVuAC5T3YRVxtsSBZSdnUKKjpDtXm3BiV88wRDVX0C"
    "G230KgEFJXIHr8dIP4+GjlkqDnUXGk8MCuJaLIiDIoFDFwlAWVFrliNdrmwK7ZYeQFuGFr"
    "LsEMm1H8ndJLWpNypvrwnnigJWXUyX1bmqLJ1Zk19dZ914p0IcBryyd28DtUds7tOPwuoB"
    "NoGtjp8qCk4eSMkPxhntOh8fknvPsJo9r9LdrH16JLM29JKDGbvdGfvMJyE/45wsllw3YR"
    "fO187XWEqK902JNpyurwKCEg2kZmBxVe+ehOvtKbpeFPbc63n8XD1Hp+NoSHKW1Nqar4/f"
    "OwI2ufsW+dFiQkz45I0CMMr6bfZgv7FhukH5YXYjAbykSBcmtX4lLfiANB8QjbhDzbbtyK"
    "kM0Obvf9VF1VagNeu4K3YChapUGU0EbKWbQmuWsGQasJLCmLkhYUiN0M4UAOxGYPcp3P+Q"
    "hE6jqng/E7AeDviTOKxx63gVx0tNNKWhKnpiXnBXEe/r5R7dtJ3cJ4Wf+e7tFvotZ5PLZ4"
    "rXS3qabfVAE0+YnQbCoaeEA2zAN2oj6I3NgRm4eZ0BeplA4Rwt0NBwv8seetmE3BTnTGGA"
    "CLfQbSzxSxpXHSTyAG5DcGOIDBHOlIay/Gj/2E6oqzG/sl+8HtZUvvt++oeheB/dOV9eQN"
    "dVQcdk1bdp0VJZbbIBSxK4ErZOzEYLXVpyifKGjGFeBSpctRWuxjxWUQvILGPmMBDQplUf"
    "OyToNOqwqL3PSTpYDvwkhnnqBR6b7zTOJVX4nPs2zn3KRdyIQOhaPZs+FZGetx7ORMiYqv"
    "E2LlI43lNFrqleYJcgKldY8zlBZ18vrdIOKyfodk4ZkUelBCOcizeEoTm+JyigKKQr3eYt"
    "Ld2lwXpvhSWs84aURK/BB7Z8GECr/xtAnMoDuA3ANeUWe0IrHge46RyrYRmrNu7Mq8DGnY"
    "+iHzUbd4aRT0xGI5OHodj3UJBAomPaFzKn1WFXyNRtOdqmkLB2ct/NJICoGiqBAUtkn8Qw"
    "942nquxqUZKwmnFV5o0tNrW2MSU0pZHsJhhxhCfqv4pwstBqTlW7QPE+TL1ZFBIXefwEfV"
    "EMkvh9lM9lj4sJditaYbR0o8c0zzhoCcsAWZKaphlJfGO73owwo7IsjSpEoQ2i0KQbqEkx"
    "QF4FigG2FrwtSbDbNhFFTUhe9c0pyI/yjAZkB8cvpwbj2+fxhZKeg5T0QEg12K+rVyEVp+"
    "FiVBlOqbNWg1BKCjaMoj7SFRIPtY5XFjKZaMdp8j0JatCMcuQFCAeqG3vcgH2e6q1ISNBc"
    "/EYkgdiOntq4QYNsv4p2INt/JNl+SEvDupfjB3dCZniXbsJ5PfAQeuchFNYoOA5Zcl0GsH"
    "qNQk4FaIkyLSEndltO7AaIFnQA0tv+NNO4cebEjXxtSiA7V+vBskSqcRKABNKLTLRctPSI"
    "o8pFVzS82+wOJExsFFhoItzJuSeEJUUv3AeHMIY4pXeSpNcQ//u9+CPI/sOWkz0tsh9a6w"
    "11Ju+JlXwvN+Ug4S3l2NdZysL5WmvpxJLCpAhRg3ZDLM5kqlg8uYaFZFMheWDuMWGiQrx4"
    "xtAkcu4IZ1ZcpI99PzVsQlvEBsIayrJ8T7wl4pxqOqjvW9T2DbWMQGoExeckgQM24EjYAK"
    "idbnf/0uR7MEB4o9Fh8uDPH22lD4oYvzptsieZkKrEWJ0rYnyP/UjzEv/sU1xhRDKNEsRT"
    "qdJaTHPSVlRTA+mHq2/nny7Q1+uL95c3l0mVbuYcqJOKws1qQ68vzj4dOsj58f/OvKvy"
)
