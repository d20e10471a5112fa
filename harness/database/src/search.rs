//! Zip codes within a radius of another.
//!
//! The database narrows the search to a box of degrees, by its index; the distance itself is
//! reckoned here, along a great circle of a sphere with Earth's mean radius.
//!
//! Distances are reckoned from coordinates in **single precision**, as the published ones that
//! this search must agree with were. That moves a place by a foot or two and a distance by less
//! than 0.0003 miles, while the data's own two decimals leave half a mile open. The table keeps
//! exact decimals.

use serde::Serialize;
use sqlx::MySqlPool;

use crate::Error;

/// Earth's mean radius, 6371.0088 km, in international miles of 1.609344 km.
///
/// Follows <https://doi.org/10.1007/s001900050278>, Geodetic Reference System 1980.
const EARTH_RADIUS_MILES: f64 = 6371.0088 / 1.609_344;

/// What a box is widened by, in degrees: more than rounding can take away.
const MARGIN: f64 = 0.01;

/// A zip code within the radius.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Five digits.
    pub zipcode: String,
    /// In capitals.
    pub city: String,
    /// Two letters.
    pub state: String,
    /// From the centre, in miles, not rounded.
    pub distance_miles: f64,
}

/// The zip codes whose distance from `zipcode` is at most `miles`, nearest first and those at the
/// same distance by their numbers. The centre itself is left out; decommissioned ones are not.
///
/// # Errors
/// [`Error::UnknownZipCode`] if the centre is not in the database, [`Error::NotOnEarth`] if its
/// coordinates are none, [`Error::Radius`] if `miles` is negative or no number, [`Error::Query`]
/// if the database cannot be asked.
pub async fn within(pool: &MySqlPool, miles: f64, zipcode: &str) -> Result<Vec<Found>, Error> {
    if !miles.is_finite() || miles < 0.0 {
        return Err(Error::Radius(miles));
    }
    let centre: Option<(f64, f64)> = sqlx::query_as(
        "SELECT CAST(latitude AS DOUBLE), CAST(longitude AS DOUBLE) \
         FROM zip_codes WHERE zipcode = ?",
    )
    .bind(zipcode)
    .fetch_optional(pool)
    .await
    .map_err(Error::query(format!("find zip code {zipcode}")))?;
    let (latitude, longitude) = centre.ok_or_else(|| Error::UnknownZipCode(zipcode.to_owned()))?;
    if latitude.abs() > 90.0 || longitude.abs() > 180.0 {
        return Err(Error::NotOnEarth {
            zipcode: zipcode.to_owned(),
            latitude,
            longitude,
        });
    }
    let centre = Place {
        latitude,
        longitude,
    };
    let area = Area::around(centre, miles);
    let candidates: Vec<Candidate> = sqlx::query_as(
        "SELECT zipcode, city, state, CAST(latitude AS DOUBLE), CAST(longitude AS DOUBLE) \
         FROM zip_codes \
         WHERE latitude BETWEEN CAST(? AS DECIMAL(5, 2)) AND CAST(? AS DECIMAL(5, 2)) \
         AND (longitude BETWEEN CAST(? AS DECIMAL(5, 2)) AND CAST(? AS DECIMAL(5, 2)) \
         OR longitude BETWEEN CAST(? AS DECIMAL(5, 2)) AND CAST(? AS DECIMAL(5, 2))) \
         AND zipcode <> ?",
    )
    .bind(area.south)
    .bind(area.north)
    .bind(area.longitudes[0].0)
    .bind(area.longitudes[0].1)
    .bind(area.longitudes[1].0)
    .bind(area.longitudes[1].1)
    .bind(zipcode)
    .fetch_all(pool)
    .await
    .map_err(Error::query(format!("search around zip code {zipcode}")))?;
    Ok(nearest_first(centre, miles, candidates))
}

/// Zip code, city, state, latitude, longitude.
type Candidate = (String, String, String, f64, f64);

fn nearest_first(centre: Place, miles: f64, candidates: Vec<Candidate>) -> Vec<Found> {
    let mut found: Vec<Found> = candidates
        .into_iter()
        .map(|(zipcode, city, state, latitude, longitude)| {
            let place = Place {
                latitude,
                longitude,
            };
            Found {
                zipcode,
                city,
                state,
                distance_miles: distance_miles(centre, place),
            }
        })
        .filter(|found| found.distance_miles <= miles)
        .collect();
    found.sort_by(|a, b| {
        a.distance_miles
            .total_cmp(&b.distance_miles)
            .then_with(|| a.zipcode.cmp(&b.zipcode))
    });
    found
}

/// A place on Earth, in degrees.
#[derive(Debug, Clone, Copy)]
struct Place {
    latitude: f64,
    longitude: f64,
}

/// The haversine formula, which keeps its precision for places near to each other.
fn distance_miles(a: Place, b: Place) -> f64 {
    let (latitude_a, latitude_b) = (radians(a.latitude), radians(b.latitude));
    let across = (radians(b.longitude) - radians(a.longitude)) / 2.0;
    let along = (latitude_b - latitude_a) / 2.0;
    let square = along.sin().powi(2) + latitude_a.cos() * latitude_b.cos() * across.sin().powi(2);
    // Rounding may lift the square of antipodes above one.
    2.0 * EARTH_RADIUS_MILES * square.sqrt().min(1.0).asin()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "single precision is what the published distances were reckoned from"
)]
fn radians(degrees: f64) -> f64 {
    f64::from(degrees as f32).to_radians()
}

/// A box of degrees that holds every place within a radius.
#[derive(Debug, Clone, PartialEq)]
struct Area {
    south: f64,
    north: f64,
    /// Two ranges of longitudes: the second differs from the first where the box crosses the
    /// 180th meridian.
    longitudes: [(f64, f64); 2],
}

impl Area {
    fn around(centre: Place, miles: f64) -> Self {
        let angle = miles / EARTH_RADIUS_MILES;
        let reach = angle.to_degrees() + MARGIN;
        let south = (centre.latitude - reach).max(-90.0);
        let north = (centre.latitude + reach).min(90.0);
        let everywhere = Self {
            south,
            north,
            longitudes: [(-180.0, 180.0); 2],
        };
        // A circle around a pole meets every meridian.
        if south <= -90.0 || north >= 90.0 {
            return everywhere;
        }
        // The widest point of the circle lies towards the pole from its centre.
        let sine = (angle.sin() / centre.latitude.to_radians().cos()).abs();
        if sine >= 1.0 {
            return everywhere;
        }
        let reach = sine.asin().to_degrees() + MARGIN;
        let (west, east) = (centre.longitude - reach, centre.longitude + reach);
        let longitudes = match (west < -180.0, east > 180.0) {
            (false, false) => [(west, east); 2],
            (true, false) => [(-180.0, east), (west + 360.0, 180.0)],
            (false, true) => [(west, 180.0), (-180.0, east - 360.0)],
            (true, true) => [(-180.0, 180.0); 2],
        };
        Self {
            south,
            north,
            longitudes,
        }
    }

    #[cfg(test)]
    fn holds(&self, place: Place) -> bool {
        (self.south..=self.north).contains(&place.latitude)
            && self
                .longitudes
                .iter()
                .any(|(west, east)| (*west..=*east).contains(&place.longitude))
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Place, distance_miles, nearest_first};

    const PEQUANNOCK: Place = Place {
        latitude: 40.94,
        longitude: -74.29,
    };
    const EASTON: Place = Place {
        latitude: 41.24,
        longitude: -73.31,
    };

    /// In no particular order, and one a little too far away.
    const AROUND_PEQUANNOCK: [(&str, f64, f64); 4] = [
        ("07477", 40.92, -74.27),
        ("07005", 40.90, -74.40),
        ("07035", 40.92, -74.30),
        ("07444", 40.96, -74.30),
    ];
    const AROUND_EASTON: [(&str, f64, f64); 6] = [
        ("06896", 41.30, -73.38),
        ("06611", 41.25, -73.20),
        ("06829", 41.24, -73.43),
        ("06876", 41.30, -73.38),
        ("06875", 41.30, -73.38),
        ("06883", 41.22, -73.37),
    ];

    #[track_caller]
    fn check(centre: Place, miles: f64, around: &[(&str, f64, f64)], expected: &[(&str, &str)]) {
        let candidates = around.iter().map(|(zipcode, latitude, longitude)| {
            let [zipcode, city, state] = [*zipcode, "A", "CT"].map(str::to_owned);
            (zipcode, city, state, *latitude, *longitude)
        });
        let found: Vec<(String, String)> = nearest_first(centre, miles, candidates.collect())
            .into_iter()
            .map(|found| (found.zipcode, format!("{:.3}", found.distance_miles)))
            .collect();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_published_distances_come_out_in_the_published_order() {
        check(
            PEQUANNOCK,
            2.0,
            &AROUND_PEQUANNOCK,
            // The first two are not as far as they look equal: 1.47719 and 1.47725.
            &[("07444", "1.477"), ("07035", "1.477"), ("07477", "1.732")],
        );
        check(
            EASTON,
            6.0,
            &AROUND_EASTON,
            &[
                ("06883", "3.411"),
                ("06875", "5.514"),
                ("06876", "5.514"),
                ("06896", "5.514"),
                ("06611", "5.756"),
            ],
        );
    }

    #[test]
    fn a_radius_includes_its_own_edge() {
        let edge = distance_miles(
            EASTON,
            Place {
                latitude: 41.22,
                longitude: -73.37,
            },
        );
        check(EASTON, edge, &AROUND_EASTON, &[("06883", "3.411")]);
        check(EASTON, edge.next_down(), &AROUND_EASTON, &[]);
    }

    #[test]
    fn half_way_round_is_half_the_circumference() {
        let north = Place {
            latitude: 90.0,
            longitude: 0.0,
        };
        let south = Place {
            latitude: -90.0,
            longitude: 77.0,
        };
        assert_eq!(format!("{:.1}", distance_miles(north, south)), "12436.8");
    }

    #[test]
    fn the_box_holds_the_whole_circle() {
        // Everyday places, the Aleutians on both sides of the 180th meridian, and the far north.
        let centres = [
            (41.24, -73.31),
            (51.88, -176.65),
            (52.83, 173.18),
            (71.3, -156.8),
            (89.9, 5.0),
        ];
        for (latitude, longitude) in centres {
            for miles in [0.0, 2.0, 60.0, 700.0, 5000.0, 13_000.0] {
                let area = Area::around(
                    Place {
                        latitude,
                        longitude,
                    },
                    miles,
                );
                for bearing in 0..72 {
                    let place = along(latitude, longitude, miles, f64::from(bearing) * 5.0);
                    assert!(
                        area.holds(place),
                        "{latitude} {longitude} {miles} {bearing}: {place:?}"
                    );
                }
            }
        }
    }

    /// Where one gets to from a place, going `miles` along a great circle.
    fn along(latitude: f64, longitude: f64, miles: f64, bearing: f64) -> Place {
        let (phi, lambda, theta) = (
            latitude.to_radians(),
            longitude.to_radians(),
            bearing.to_radians(),
        );
        let angle = miles / super::EARTH_RADIUS_MILES;
        let sine = phi.sin() * angle.cos() + phi.cos() * angle.sin() * theta.cos();
        let turn = (theta.sin() * angle.sin() * phi.cos()).atan2(angle.cos() - phi.sin() * sine);
        let longitude = (lambda + turn).to_degrees();
        Place {
            latitude: sine.clamp(-1.0, 1.0).asin().to_degrees(),
            longitude: (longitude + 540.0).rem_euclid(360.0) - 180.0,
        }
    }
}
